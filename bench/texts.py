"""Texts: how well comments are read: their tone, and key messages; also learns the weights of the tone anew.

    python bench/texts.py --data DIR [--learn] [--json]

The tone is measured on Chinese review sentences with labels (positive or negative) about cars, cameras, phones and
notebooks: github yangheng95/LCF-ATEPC, commit 89805f787a346a01dbdb54c2d4611a4069293e2d, folder atepc_datasets, as CSV
files with the columns `split`, `text` and `sentiment`, one file for each product in DIR. What is learned from is never
measured. Beside it stand the majority's answer, a reader that has never seen a car, and one with everyday words only.
Key messages are measured on `tests/operations/mentions.tsv`.

`--learn` writes `operations/texts/tone_weights.tsv` from the train splits and `bench/everyday.tsv`.
"""

import argparse
import csv
import json
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from operations.texts.mentions import said
from operations.texts.tone import features, leaning_of, tone_of

ROOT = Path(__file__).parents[1]
WEIGHTS = ROOT / "operations" / "texts" / "tone_weights.tsv"
EVERYDAY = Path(__file__).with_name("everyday.tsv")
COMMENTS = ROOT / "tests" / "operations" / "comments.tsv"
MENTIONS = ROOT / "tests" / "operations" / "mentions.tsv"
FILES = {
    "car": "car_aspect_sentiment.csv",
    "camera": "other_camera.csv",
    "phone": "other_phone.csv",
    "notebook": "other_notebook.csv",
}
STEPS, RATE, RIDGE = 400, 0.2, 2e-4
LEAST = 2  # sentences that must have a feature
SMALLEST = 60  # thousandths: what weighs less is left out
HEAD = """\
# Weights of features of a comment's tone, in thousandths of log odds; see operations/texts/tone.py.
# Learned by bench/texts.py from bench/everyday.tsv and from the train splits of Chinese review sentences about cars,
# cameras, phones and notebooks: github yangheng95/LCF-ATEPC, commit 89805f787a346a01dbdb54c2d4611a4069293e2d.
# That repository is under the MIT licence, Copyright (c) 2019 YangHeng; its notice:
# Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
# documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
# rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit
# persons to whom the Software is furnished to do so, subject to the following conditions: The above copyright notice
# and this permission notice shall be included in all copies or substantial portions of the Software. THE SOFTWARE IS
# PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF
# MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT
# HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE,
# ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
"""

Labelled = Sequence[tuple[str, bool]]


def read(folder: Path) -> dict[str, dict[str, list[tuple[str, bool]]]]:
    """Sentences by product and split."""
    found: dict[str, dict[str, list[tuple[str, bool]]]] = {}
    for product, name in FILES.items():
        with (folder / name).open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                split = found.setdefault(product, {}).setdefault(row["split"], [])
                split.append((row["text"], row["sentiment"] == "positive"))
    return found


def everyday() -> list[tuple[str, bool]]:
    """The everyday words, each with its label."""
    lines = EVERYDAY.read_text(encoding="utf-8").splitlines()
    return [(line[2:], line[0] == "+") for line in lines if line and not line.startswith("#")]


def learn(labelled: Labelled, seen: Labelled = ()) -> dict[str, int]:
    """Weights by logistic regression with a ridge, both labels weighing the same; the features of `seen` are kept."""
    each = [list(features(text)) for text, _ in labelled]
    count = Counter(name for names in each for name in names)
    kept = {name for text, _ in seen for name in features(text)}
    names = sorted(name for name, number in count.items() if number >= LEAST or name in kept)
    place = {name: at for at, name in enumerate(names)}
    rows = np.concatenate([np.full(sum(n in place for n in one), row) for row, one in enumerate(each)])
    columns = np.concatenate([np.array([place[n] for n in one if n in place], dtype=np.int64) for one in each])
    wanted = np.array([label for _, label in labelled], dtype=float)
    share = np.where(wanted > 0, 0.5 / max(wanted.sum(), 1), 0.5 / max((1 - wanted).sum(), 1))
    weights, bias = np.zeros(len(names)), 0.0
    square, bias_square = np.full(len(names), 1e-8), 1e-8
    for _ in range(STEPS):  # AdaGrad over all sentences at once
        sums = np.bincount(rows, weights[columns], len(each)) + bias
        miss = share * (1 / (1 + np.exp(-np.clip(sums, -30, 30))) - wanted)
        slope = np.bincount(columns, miss[rows], len(names)) + RIDGE * weights
        square += slope**2
        weights -= RATE * slope / np.sqrt(square)
        bias_square += miss.sum() ** 2
        bias -= RATE * miss.sum() / np.sqrt(bias_square)
    whole = {name: round(1000 * float(weight)) for name, weight in zip(names, weights, strict=True)}
    return {"": round(1000 * bias), **{name: weight for name, weight in whole.items() if abs(weight) >= SMALLEST}}


def write(weights: dict[str, int]) -> None:
    """Keep the weights beside the code that reads them."""
    lines = "".join(f"{name}\t{weight}\n" for name, weight in sorted(weights.items()) if "\t" not in name)
    WEIGHTS.write_text(HEAD + lines, encoding="utf-8")


def by(weights: dict[str, int]) -> Callable[[str], bool]:
    """A reader with these weights that always says one of the two."""
    return lambda text: sum(weights.get(name, 0) for name in features(text)) + weights[""] > 0


def score(said_: Sequence[bool], true: Sequence[bool]) -> dict[str, float]:
    """Accuracy, and the mean of the F1 of both labels."""
    pairs = list(zip(said_, true, strict=True))
    f1 = []
    for label in (True, False):
        hit = sum(a is label and b is label for a, b in pairs)
        wrong = sum((a is label) != (b is label) for a, b in pairs)
        f1.append(2 * hit / (2 * hit + wrong) if hit + wrong else 0.0)
    right = sum(a is b for a, b in pairs) / len(pairs)
    return {"accuracy": round(right, 3), "macro_f1": round(sum(f1) / 2, 3)}


def measured(sets: dict[str, dict[str, list[tuple[str, bool]]]]) -> dict[str, dict[str, dict[str, float]]]:
    """Every reader on every test split."""
    own = everyday()
    train = [one for product in sets.values() for one in product["train"]]
    elsewhere = [one for name, product in sets.items() if name != "car" for one in product["train"]]
    readers: dict[str, Callable[[str], bool]] = {
        "majority": lambda text: True,
        "everyday words only": by(learn(own, own)),
        "never saw a car": by(learn([*elsewhere, *own], own)),
        "learned from all": by(learn([*train, *own], own)),
        "as shipped": leaning,
    }
    return {
        name: {
            product: score([reader(text) for text, _ in one["test"]], [label for _, label in one["test"]])
            | {"sentences": len(one["test"])}
            for product, one in sets.items()
        }
        for name, reader in readers.items()
    }


def leaning(text: str) -> bool:
    """What is shipped, neutral counted as what it leans to."""
    return (leaning_of(text) or 0) > 0


def comments() -> dict[str, float]:
    """The tone of comments as members write them, three ways: see the file."""
    rows = [line.split("\t") for line in COMMENTS.read_text(encoding="utf-8").splitlines() if line[:1] not in ("#", "")]
    word = {"+": "positive", "-": "negative", "0": "neutral"}
    right = sum((tone_of(text) or "neutral") == word[label] for label, text in rows)
    swapped = sum({tone_of(text), word[label]} == {"positive", "negative"} for label, text in rows)
    most = Counter(label for label, _ in rows).most_common(1)[0][1]
    return {
        "comments": len(rows),
        "accuracy": round(right / len(rows), 3),
        "majority": round(most / len(rows), 3),
        "taken_for_the_opposite": round(swapped / len(rows), 3),
    }


def mentions() -> dict[str, float]:
    """Key messages: precision and recall, of the exact words alone and of what is shipped."""
    rows = [line.split("\t") for line in MENTIONS.read_text(encoding="utf-8").splitlines() if line[:1] not in ("#", "")]
    found: dict[str, float] = {"snippets": len(rows)}
    for name, reader in (("exact", lambda message, text: message in text), ("shipped", said)):
        pairs = [(reader(message, text), label == "+") for label, message, text in rows]
        hit = sum(a and b for a, b in pairs)
        found[f"{name}_precision"] = round(hit / max(sum(a for a, _ in pairs), 1), 3)
        found[f"{name}_recall"] = round(hit / max(sum(b for _, b in pairs), 1), 3)
    return found


def main() -> None:
    """Learn if asked, measure, and say so."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="folder with the labelled sentences")
    parser.add_argument("--learn", action="store_true", help="write the weights anew")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    sets = read(given.data)
    if given.learn:
        own = everyday()
        write(learn([one for product in sets.values() for one in product["train"]] + own * 2, own))
    tones = measured(sets)
    told = {"tone": tones, "comments": comments(), "mentions": mentions()}
    if given.json:
        print(json.dumps(told, indent=2, sort_keys=True))
        return
    for name, products in tones.items():
        print(f"{name:22}", *(f"{p} {s['accuracy']:.3f}/{s['macro_f1']:.3f}" for p, s in products.items()), sep="  ")
    print("comments", told["comments"])
    print("mentions", told["mentions"])


if __name__ == "__main__":
    main()
