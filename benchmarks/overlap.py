"""A benchmark of 10,000 items looked for in a million documents: time, peak memory, recall and precision.

    python benchmarks/overlap.py [FOLDER] [--documents 1000000] [--items 10000] [--format jsonl|parquet]

Documents of 200 words are made by a Zipf law over 50,000 words (not counted), half of them with set phrases that items
use as well. Leaks are planted: items copied whole, and items with 1 word in 10 or 1 in 5 replaced. The plain way, for
the ratio, makes a set of every document's 13-word runs and looks up each run of the items in Python; it is timed on the
first documents and scaled. The process holds nothing but the scan, so its peak is the scan's.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import tempfile
import time
from pathlib import Path

import numpy as np
import numpy.typing as npt
import polars as pl

WORDS, VOCABULARY, PHRASES = 200, 50_000, 5_000
FILE = 50_000
CHANGES = {"copied whole": 0.0, "1 word in 10 replaced": 0.1, "1 word in 5 replaced": 0.2}


def drawn(count: int, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Words by a Zipf-Mandelbrot law."""
    return np.clip(VOCABULARY ** rng.random(count) * 3 - 3, 0, VOCABULARY - 1).astype(np.int64)


def vocabulary(rng: np.random.Generator) -> npt.NDArray[np.str_]:
    letters = np.array(list("etaoinshrdlucmfwypvbgkqjxz"))
    words = {"".join(rng.choice(letters, size)) for size in rng.integers(3, 9, size=2 * VOCABULARY)}
    return np.array(sorted(words)[:VOCABULARY] if len(words) > VOCABULARY else sorted(words))


def generate(folder: Path, documents: int, items: int, kind: str) -> dict[str, list[str]]:
    """Write the corpus and the items; names of the planted items by how they were changed."""
    rng = np.random.default_rng(0)
    words = vocabulary(rng)
    phrases = [drawn(int(size), rng) for size in rng.integers(4, 10, size=PHRASES)]

    def text(size: int) -> npt.NDArray[np.int64]:
        found = drawn(size, rng) % len(words)
        if rng.random() < 0.5:
            phrase = phrases[int(PHRASES * rng.random() ** 2)] % len(words)
            begun = int(rng.integers(0, max(1, size - len(phrase))))
            found[begun : begun + len(phrase)] = phrase[: size - begun]
        return found

    benchmark = [text(int(size)) for size in rng.integers(20, 100, size=items)]
    frame = {"item": [f"i{place}" for place in range(items)], "text": [" ".join(words[item]) for item in benchmark]}
    pl.DataFrame(frame).write_parquet(folder / "items.parquet")
    planted: dict[str, list[str]] = {}
    leaks: dict[int, npt.NDArray[np.int64]] = {}
    each = max(1, items // 50)
    spots = rng.choice(documents, 3 * each, replace=False)
    for turn, (name, share) in enumerate(CHANGES.items()):
        chosen = range(turn * each, (turn + 1) * each)
        planted[name] = [f"i{place}" for place in chosen]
        for place in chosen:
            leaked = benchmark[place].copy()
            changed = rng.random(len(leaked)) < share
            leaked[changed] = drawn(int(changed.sum()), rng) % len(words)
            leaks[int(spots[place])] = leaked
    corpus = folder / "corpus"
    corpus.mkdir()
    for begun in range(0, documents, FILE):
        texts = []
        for place in range(begun, min(documents, begun + FILE)):
            document = text(WORDS)
            if place in leaks:
                document[50 : 50 + len(leaks[place])] = leaks[place]
            texts.append(" ".join(words[document].tolist()))
        if kind == "parquet":
            pl.DataFrame({"text": texts}).write_parquet(corpus / f"{begun:09}.parquet")
        else:
            with open(corpus / f"{begun:09}.jsonl", "w", encoding="utf-8") as file:
                file.writelines(json.dumps({"text": one}) + "\n" for one in texts)
    return planted


def scan(folder: Path) -> tuple[float, float, set[str], int]:
    """Seconds, peak MiB, items said to be leaked, and words looked at."""
    from measurand.measures.gaming.overlap import overlap
    from measurand.readers.evidence.corpus import overlap_with_corpus
    from measurand.readers.evidence.texts import read_texts

    start = time.perf_counter()
    overlaps = overlap_with_corpus(read_texts(folder / "items.parquet"), folder / "corpus")
    leaked = {item.item for item in overlap(overlaps).items if item.kind() in ("copied", "nearly copied")}
    seconds = time.perf_counter() - start
    return seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, leaked, overlaps.words


def plain(folder: Path, documents: int) -> float:
    """Seconds of sets in Python on the first documents, items' sets made beforehand."""
    items = pl.read_parquet(folder / "items.parquet")["text"].to_list()
    runs: dict[tuple[str, ...], list[int]] = {}
    for place, item in enumerate(items):
        words = item.split()
        for begun in range(len(words) - 12):
            runs.setdefault(tuple(words[begun : begun + 13]), []).append(place)
    texts: list[str] = []
    for file in sorted((folder / "corpus").iterdir()):
        if file.suffix == ".parquet":
            texts += pl.read_parquet(file)["text"].to_list()
        else:
            texts += [json.loads(line)["text"] for line in file.read_text(encoding="utf-8").splitlines()]
        if len(texts) >= documents:
            break
    texts = texts[:documents]
    found: dict[int, int] = {}
    start = time.perf_counter()
    for text in texts:
        words = text.lower().split()
        for run in {tuple(words[begun : begun + 13]) for begun in range(len(words) - 12)}:
            for place in runs.get(run, ()):
                found[place] = found.get(place, 0) + 1
    return time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", help="kept and used again; a temporary one by default")
    parser.add_argument("--documents", type=int, default=1_000_000)
    parser.add_argument("--items", type=int, default=10_000)
    parser.add_argument("--format", choices=("jsonl", "parquet"), default="jsonl")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = (given.folder or Path(temporary)) / f"overlap-{given.documents}-{given.items}-{given.format}"
        kept = folder / "planted.json"
        if not kept.exists():
            folder.mkdir(parents=True)
            start = time.perf_counter()
            planted = generate(folder, given.documents, given.items, given.format)
            kept.write_text(json.dumps(planted))
            print(f"made {given.documents:,} documents of {WORDS} words in {time.perf_counter() - start:.0f} s")
        planted = json.loads(kept.read_text())
        with multiprocessing.get_context("spawn").Pool(1) as pool:
            seconds, peak, leaked, words = pool.apply(scan, (folder,))
        size = sum(file.stat().st_size for file in (folder / "corpus").iterdir())
        print(
            f"{given.items:,} items in {given.documents:,} documents ({words:,} words, {size / 2**20:,.0f} MiB of "
            f"{given.format}): {seconds:.1f} s, peak {peak:.0f} MiB"
        )
        sample = min(given.documents, 20_000)
        loop = plain(folder, sample) * given.documents / sample
        print(f"plain Python sets, exact 13-word runs alone, scaled from {sample:,} documents: {loop:.0f} s")
        print(f"ratio: {loop / seconds:.1f} (exact and near matches against exact ones alone)")
        everything = {name for names in planted.values() for name in names}
        for name, names in planted.items():
            print(f"recall, {name}: {len(leaked & set(names)) / len(names):.3f} of {len(names)}")
        right = len(leaked & everything)
        print(f"precision: {right / len(leaked) if leaked else float('nan'):.3f} ({right} of {len(leaked)} items)")


if __name__ == "__main__":
    main()
