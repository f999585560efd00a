"""The command line as a user meets it."""

import json
import re
from dataclasses import asdict

import pytest
from typer.testing import CliRunner

import measurand
from measurand import load_audit
from measurand.cli import app, main
from measurand.cli.app import GROUPS
from measurand.measures import discover

CAPABILITY = "mmlu,gsm8k,arc_challenge"


def run(*words: str, code: int = 0) -> str:
    result = CliRunner().invoke(app, list(map(str, words)), catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result.output


def refused(capsys, monkeypatch, *words: str) -> str:
    """What a refused command says on the error stream: one line, exit code 2, no traceback."""
    monkeypatch.setattr("sys.argv", ["measurand", *map(str, words)])
    with pytest.raises(SystemExit) as stop:
        main()
    assert stop.value.code == 2
    said = capsys.readouterr().err
    assert "Traceback" not in said
    return said


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "scores.csv"
    rows = [f"<b>m{i}</b>,{i},{i * i},{i + (i * 7) % 3},{i + (i * 5) % 4}" for i in range(20)]
    path.write_text("model,mmlu,gsm8k,arc_challenge,mine\n" + "\n".join(rows), encoding="utf-8")
    return path


def test_audit_writes_a_page_and_data_and_prints_where(table, tmp_path):
    said = run("audit", table, "--capability", CAPABILITY, "--output", tmp_path / "out")
    written = (tmp_path / "out/audit.json").read_text()
    assert "mine clearly rises with general capability" in written
    assert json.loads(written)["answers"]["V1"]["tables"]
    assert str(tmp_path / "out" / "audit.html") in said.replace("\n", "")
    assert "<b>m1</b>" not in (tmp_path / "out/audit.html").read_text(encoding="utf-8")
    assert load_audit(tmp_path / "out/audit.json").seed == 0


def test_same_seed_same_bytes(table, tmp_path):
    for name in ("one", "two"):
        run("audit", table, "--capability", CAPABILITY, "--output", tmp_path / name, "--seed", "7")
    for file in ("audit.html", "audit.json"):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()


@pytest.mark.parametrize(
    ("option", "start"), [("--json", '{"schema_version":2'), ("--markdown", "# "), ("--latex", "%")]
)
def test_other_formats_go_to_standard_output(table, option, start):
    assert run("audit", table, "--capability", CAPABILITY, option).lstrip().startswith(start)


def test_aliases_rename_models_of_logs(tmp_path):
    (tmp_path / "logs").mkdir()
    for place in range(10):
        for task in ("mmlu", "gsm8k", "arc_challenge", "mine"):
            value = 0.1 + 0.05 * place + 0.01 * (len(task) * place % 3)
            score = {"name": "s", "scorer": "s", "metrics": {"accuracy": {"value": value}}}
            log = {"version": 2, "status": "success", "eval": {"task": task, "model": f"hf/m{place}"}, "samples": []}
            path = tmp_path / "logs" / f"{task}-{place}.json"
            path.write_text(json.dumps(log | {"results": {"scores": [score]}}), encoding="utf-8")
    (tmp_path / "aliases.csv").write_text("name,model\nhf/m1,org/alpha\n", encoding="utf-8")
    run("audit", tmp_path / "logs", "--aliases", tmp_path / "aliases.csv", "--output", tmp_path / "out")
    (headline,) = (
        f for f in load_audit(tmp_path / "out/audit.json").findings if f.code == "V1" and len(f.subject) == 1
    )
    assert set(headline.result["models"]) == {"org/alpha", "m0", *(f"m{place}" for place in range(2, 10))}


def test_two_formats_at_once_are_refused(capsys, monkeypatch, table):
    assert "--json and --latex" in refused(capsys, monkeypatch, "audit", table, "--json", "--latex")


def test_fail_on_gives_exit_code_1_only_when_there_is_one(table, tmp_path):
    run("audit", table, "--capability", CAPABILITY, "--fail-on", "issue", code=1)
    rows = [f"m{i},{i},{i * i},{(i * 7) % 11 + i},{(i * 37) % 101}" for i in range(60)]
    flat = tmp_path / "flat.csv"
    flat.write_text("model,a,b,c,mine\n" + "\n".join(rows), encoding="utf-8")
    run("audit", flat, "--capability", "a,b,c", "--threshold", "0.9", "--fail-on", "issue")


def test_nothing_assessed_is_exit_code_2_and_says_what_is_needed(capsys, monkeypatch, tmp_path):
    small = tmp_path / "small.csv"
    small.write_text("model,mmlu,mine\na,0.1,0.2\nb,0.2,0.3\n", encoding="utf-8")
    assert "nothing could be assessed" in refused(capsys, monkeypatch, "audit", small)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["audit", "nowhere.csv"], "nowhere.csv"),
        (["explain", "V999"], "no measure named 'V999'"),
        (["figure", "V1.intervalls"], "did you mean 'V1.intervals'"),
        (["figure", "V1", "--benchmark", "truthfulqa_mc", "-o", "x.svg"], "no benchmark"),
        (["entanglement", "--benchmark", "wmpd"], "did you mean 'wmdp'"),
        (["entanglement", "--benchmark", "wmdp", "--gain", "a,b"], "OLD,NEW,BENCHMARK"),
        (["entanglement", "--benchmark", "wmdp", "--level", "95"], "level should be in (0, 1), got 95"),
    ],
)
def test_bad_usage_is_one_clear_line(capsys, monkeypatch, tmp_path, words, said):
    monkeypatch.chdir(tmp_path)
    assert said in refused(capsys, monkeypatch, *words)


def test_an_unknown_capability_benchmark_suggests_the_near_one(capsys, monkeypatch, table):
    said = refused(capsys, monkeypatch, "audit", table, "--capability", "mmlu,gsm8,arc_challenge")
    assert "did you mean 'gsm8k'" in said


def test_a_message_never_carries_control_characters(capsys, monkeypatch, table):
    assert "\x1b" not in refused(capsys, monkeypatch, "audit", table, "--capability", "mm\x1b[31mlu")


@pytest.mark.parametrize(("suffix", "start"), [("svg", b"<svg"), ("png", b"\x89PNG"), ("pdf", b"%PDF")])
def test_any_figure_in_any_format(tmp_path, suffix, start):
    target = tmp_path / f"x.{suffix}"
    run("figure", "V1", "--benchmark", "truthfulqa_mc1", "--class", "chat", "-o", target)
    assert target.read_bytes().startswith(start)
    if suffix == "svg":
        # The title is what was found of the benchmark that is drawn.
        assert b"TruthfulQA MC1: too few models to tell" in target.read_bytes()


def test_a_cluster_needs_items_that_have_it(capsys, monkeypatch, shared, table):
    assert "needs item-level results" in refused(capsys, monkeypatch, "audit", table, "--cluster", "subject")
    logs = shared / "data/harness_logs/inspect"
    assert "did you mean 'subject'" in refused(capsys, monkeypatch, "audit", logs, "--cluster", "subjet")


def test_an_audit_of_logs_says_how_items_were_treated(shared, tmp_path):
    logs = shared / "data/harness_logs/inspect"
    run("audit", logs, "--output", tmp_path / "plain")
    run("audit", logs, "--cluster", "subject", "--output", tmp_path / "robust")
    plain, robust = (load_audit(tmp_path / name / "audit.json").provenance.notes for name in ("plain", "robust"))
    assert any(
        note.startswith("items treated as independent: by none of the keys that may be clusters") for note in plain
    )
    assert not any("independent" in note for note in robust)
    assert any(note.startswith("cluster-robust standard errors (CR2) for ") for note in robust)


def test_what_is_missing_is_listed_with_what_it_needs(table):
    lines = run("audit", table, "--capability", CAPABILITY, "--missing").splitlines()
    assert lines == [line.rstrip() for line in lines]
    assert any("P1 score interval: needs item-level results" in line for line in lines)
    assert not any("V1 capabilities correlation" in line for line in lines)


def test_entanglement_of_named_benchmarks_shows_v1_to_v5():
    said = run("entanglement", "--benchmark", "truthfulqa_mc1,bbq_amb", "--all")
    assert set(re.findall(r"^(V\d)  ", said, re.MULTILINE)) == {"V1", "V2", "V3", "V4", "V5"}
    assert "TruthfulQA MC1" in said
    assert "wmdp" not in said.lower()


def test_a_gain_is_judged():
    gain = "Llama-2-7b-chat-hf,Llama-2-70b-chat-hf,moralchoice"
    said = " ".join(run("entanglement", "--benchmark", "moralchoice,ethics_all", "--gain", gain, "--all").split())
    assert "a gain in safety beyond the gain in capability" in said


def test_measures_and_explain_cover_every_measure():
    codes = re.findall(r"^(\w\d+) ", run("measures"), re.MULTILINE)
    assert codes == [measure.code for measure in discover()]
    for code in codes:
        assert "Formula" in run("explain", code)
    assert "coverage" in run("explain", "V1")


def test_demo_holds_the_published_claims_and_numbers(tmp_path):
    run("demo", "--output", tmp_path)
    audit = load_audit(tmp_path / "audit.json")
    found = {(f.code, f.subject.get("benchmark"), f.subject.get("class")): f for f in audit.findings}
    truthful = found["V1", "truthfulqa_mc1", "chat"].estimate("capabilities_correlation")
    assert truthful.value == pytest.approx(0.812, abs=5e-4)
    claims = [f for f in audit.findings if f.code == "V0" and "claim" in f.subject]
    assert len(claims) == 8
    assert all(f.estimates for f in claims)
    assert (tmp_path / "audit.html").stat().st_size < 3_000_000


def test_demo_of_the_frontier_models_of_2026(tmp_path, capsys, monkeypatch):
    run("demo", "--study", "frontier_2026", "--output", tmp_path)
    audit = load_audit(tmp_path / "audit.json")
    found = {(f.code, f.subject.get("benchmark")): f for f in audit.findings}
    assert found["V1", "cais_mask_honesty"].estimates[0].value == pytest.approx(0.183, abs=5e-4)
    assert found["V12", "cais_mask_honesty"].result["verdict"] == "developer"
    assert any(note.startswith("credits: ") for note in audit.provenance.notes)
    assert "frontier_2026" in refused(capsys, monkeypatch, "demo", "--study", "frontier_2027")


@pytest.mark.slow
def test_calibrate_writes_rates_that_load(tmp_path):
    run("calibrate", "--runs", "20", "--measures", "V3,V9,P1", "--output", tmp_path / "rates.json")
    rates = json.loads((tmp_path / "rates.json").read_text())["rates"]
    assert {rate["code"] for rate in rates} == {"V3", "V9", "P1"}
    assert all(0 <= rate["rate"] <= 1 and rate["runs"] > 0 for rate in rates)


def test_an_interrupted_calibration_goes_on_where_it_stopped(tmp_path, monkeypatch):
    from measurand.calibration import read_rates
    from measurand.simulate import calibration

    one, two = tmp_path / "one.json", tmp_path / "two.json"
    asked = ("calibrate", "--runs", "20", "--measures", "V9", "--output")
    blocks = []

    def third_fails(*task, real=calibration.run_block):
        blocks.append(task)
        if len(blocks) == 3:
            raise RuntimeError("the lights went out")
        return real(*task)

    run(*asked, one)
    with monkeypatch.context() as patch:
        patch.setattr(calibration, "run_block", third_fails)
        with pytest.raises(RuntimeError, match="lights"):
            run(*asked, two)
    assert len({rate.cell for rate in read_rates(two.read_bytes())}) == 2
    assert "4 of 6 kinds of study to run" in run(*asked, two)
    # The date aside, should midnight pass.
    assert [asdict(rate) | {"run": ""} for rate in read_rates(two.read_bytes())] == [
        asdict(rate) | {"run": ""} for rate in read_rates(one.read_bytes())
    ]
    assert "0 of 6 kinds of study to run" in run(*asked, two)
    assert "6 of 6 kinds of study to run" in run(*asked, two, "--again")


def test_calibration_does_not_write_over_another_file(tmp_path, capsys, monkeypatch):
    (tmp_path / "scores.csv").write_text("model,mmlu\n")
    said = refused(capsys, monkeypatch, "calibrate", "--runs", "20", "--output", tmp_path / "scores.csv")
    assert "not a file of error rates" in said
    assert (tmp_path / "scores.csv").read_text() == "model,mmlu\n"


def test_explain_says_what_was_simulated_and_the_worst_rates():
    said = run("explain", "P2")
    assert "clusters of unequal size (log-normal, SD of the log 1.2)" in " ".join(said.split())
    for name in ("simulated", "studies", "run", "least coverage", "most false alarms", "power"):
        assert f"- {name}: " in said


def test_the_version_is_said():
    assert re.fullmatch(r"measurand \d+\.\d+\.\d+\n", run("--version"))


def test_the_help_groups_commands_by_what_people_come_for():
    said = run("--help")
    groups = [said.index(group) for group in GROUPS]
    assert groups == sorted(groups)
    assert said.index("audit ") < said.index("score ") < said.index("entanglement ") < said.index("ingest ")


def test_names_match_without_case_provider_and_punctuation(table, tmp_path):
    run("audit", table, "--capability", CAPABILITY, "--model", ",".join(f"B-M{i}-B" for i in range(12)), "-o", tmp_path)
    first = next(f for f in load_audit(tmp_path / "audit.json").findings if f.code == "V1")
    assert len(first.result["models"]) == 12
    assert "TruthfulQA MC1" in run("entanglement", "--benchmark", "truthfulQA-MC1")
    answers = tmp_path / "answers.csv"
    rows = [f"org/m-{m},quiz,q{i},{(i * (m + 3)) % 5 // 3}" for m in range(3) for i in range(60)]
    answers.write_text("model,benchmark,item,score\n" + "\n".join(rows), encoding="utf-8")
    said = " ".join(run("compare", answers, "--pair", "M0,m-2", "--benchmark", "QUIZ").split())
    assert "org/m-0 scores 40 points [25.8, 51.6] higher than org/m-2 on the same 60 items" in said


def test_one_option_chooses_models_everywhere(capsys, monkeypatch, table):
    assert "no model named 'm99'" in refused(capsys, monkeypatch, "audit", table, "--model", "m99")


def test_options_of_reading_are_refused_where_nothing_is_read_so(capsys, monkeypatch, tmp_path):
    """A command that reads its files in its own way does not take, and ignore, how tables are read."""
    monkeypatch.setattr("sys.argv", ["measurand", "overlap", str(tmp_path), "--itself", "--capability", "mmlu"])
    with pytest.raises(SystemExit):
        main()
    assert "No such option" in capsys.readouterr().err


def test_models_can_be_left_out_and_an_embedded_study_be_named():
    words = ["entanglement", "frontier_2026", "--benchmark", "cais_mask_honesty", "--json"]

    def said(*more: str) -> str:
        found = json.loads(run(*words, *more))["findings"]
        return next(f for f in found if f["code"] == "V1" and f["subject"].get("benchmark") == words[3])["sentence"]

    study = measurand.load_example("frontier_2026")
    ran = study.scores.table.filter(study.scores.table["benchmark"] == "cais_mask_honesty")["model"].to_list()
    models = [*ran[:3], *(name for name in study.names("model") if name not in ran[:3])]
    scores = study.scores.only(benchmarks=["cais_mask_honesty"], models=models[3:])
    without = said("--drop", ",".join(models[:3]))
    assert without == measurand.capabilities_correlation(scores).of("cais_mask_honesty").sentence
    assert without != said()
