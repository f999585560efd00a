"""An answer as a comment on a pull request: short however long it is, and nothing in it is markup."""

from __future__ import annotations

from measurand.report.comment import to_comment
from measurand.results import Answer, Audit, Provenance, Status, Table


def audit_of(answer):
    return Audit(
        findings=(),
        figures={},
        provenance=Provenance("t", (), (), {}),
        settings={},
        seed=0,
        asked=("P13",),
        answers={} if answer is None else {"P13": answer},
    )


def test_of_a_long_answer_the_comment_says_how_much_it_leaves_out():
    table = Table(
        head=("model", ""), rows=tuple((f"m{i}", "changed") for i in range(300)), marks=(Status.CAUTION,) * 300
    )
    cautions = tuple((Status.ISSUE, f"Column {i} looks redefined.") for i in range(50))
    said = to_comment(
        audit_of(Answer(sentence="All changed.", tables=(table,) * 3, cautions=cautions, notes=("Note.",)))
    )
    lines = said.splitlines()
    assert len(lines) < 40
    assert lines[0] == "**All changed.**"
    assert lines[-1] == "Note."
    assert "… 289 more: see the whole report" in said
    assert "- 45 more: see the whole report" in said


def test_names_from_data_are_no_markup():
    table = Table(head=("model",), rows=(("@all <b>|x",),))
    said = to_comment(audit_of(Answer(sentence="*a* changed.", tables=(table,))))
    assert said.startswith("**\\*a\\* changed.**")
    assert "| \\@all &lt;b&gt;\\|x |" in said


def test_without_an_answer_it_says_so():
    assert to_comment(audit_of(None)) == "**Nothing could be assessed.**\n"
