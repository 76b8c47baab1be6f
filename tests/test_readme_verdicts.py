"""README's verdicts and the ledger are those of the records, and none else can stand there."""

import shutil

import pytest
from made_runs import made, pair
from repository import ROOT, text
from test_questions import compact

from fpl_lib import paper
from fpl_lib.__main__ import main
from fpl_lib.commands.bench.page import in_three_sentences
from fpl_lib.commands.readme import (
    BEGIN,
    CLAIMS,
    END,
    SPEED,
    ledger,
    replaced,
    update_readme,
    verdict_block,
)
from fpl_lib.evidence.pages import reproduction_report
from fpl_lib.evidence.records import read_runs, write_record
from fpl_lib.evidence.verdicts import verdict_on


def test_readme_and_the_ledger_say_what_the_records_say():
    """Where this fails, records are newer: `python -m fpl_lib report --readme` writes them anew."""
    records = read_runs(ROOT / "data" / "runs")
    assert text("README.md") == replaced(text("README.md"), verdict_block(records), (BEGIN, END))
    assert text("data/runs/README.md") == ledger(records)
    assert text("data/runs/REPRODUCTION.md") == reproduction_report(records)


def test_the_reproduction_reports_resnet18_is_the_papers_and_no_other_stem():
    runs = [
        made("ce", seed, top1, experiment="table2", model="resnet18", condition=condition)
        for seed, top1, condition in [(0, 45, ""), (1, 46, "float32"), (0, 90, "cifar-stem")]
    ]
    said = " ".join(reproduction_report(runs).split())
    assert "our ResNet18 with CE ends at 46.0 % (runs: 1)" in said


def test_readme_says_of_speed_what_was_measured():
    bench = ROOT / "data" / "bench"
    block = f"{SPEED[0]}\n{in_three_sentences(bench)}\n{SPEED[1]}"
    assert text("README.md") == replaced(text("README.md"), block, SPEED)
    if (bench / "bench-cpu.json").exists():
        assert in_three_sentences(bench).count(".\n") == 2


def test_the_ledger_has_a_row_for_each_claim_with_what_would_change_it():
    table, besides = ledger(compact(-2)).split("## The runs")[0].split("## Q1 besides accuracy")
    rows = [line.strip("| ").split(" | ") for line in table.splitlines() if line.startswith("| ")]
    assert rows[0][0] == "section" and rows[0][-1] == "what would change it"
    assert [row[1] for row in rows[1:]] == paper.claims()["claim"].tolist()
    assert {len(row) for row in rows} == {8} and all(row[-1] and row[-2] for row in rows)
    assert besides.strip().startswith("10 of 10 pairs of runs.") and "| p, Holm |" in besides
    (asked,) = [row for row in rows if "with no condition attached" in row[1]]
    assert asked[3:5] == ["Q1", "10"] and asked[5].startswith("FPL − CE = −2.00 points of top-1")


def test_the_claims_are_the_papers():
    assert 6 <= len(CLAIMS) <= 10 and set(CLAIMS) <= set(paper.claims().index)


def test_a_row_a_claim_with_verdict_and_reason():
    block = verdict_block([])
    rows = [line.split(" | ") for line in block.splitlines() if line.startswith("| ")]
    assert f"All {len(paper.claims())} claims (" in block
    assert len(rows) == 1 + len(CLAIMS) and {len(row) for row in rows} == {3}
    assert all(len(row[2]) > 10 for row in rows)


def test_new_records_change_the_rows_that_rest_on_them_and_no_two_rest_on_one_question():
    before, after = verdict_block([]).splitlines(), verdict_block(compact(-2)).splitlines()
    changed = [line for line in after if line not in before]
    first, *weighed, counts = changed  # the printed runs are weighed by the spread of ours
    assert all("| if single runs: " in row for row in weighed) and counts.startswith("All ")
    assert "not borne out (CompactNet" in first and "n = 10)** | FPL − CE = −2.00" in first
    asked = [found.question for found in (verdict_on(claim, []) for claim in CLAIMS)]
    asked = [question for question in asked if question]
    assert len(asked) == len(set(asked)) >= 4


def test_what_else_readme_says_stays(tmp_path):
    readme = tmp_path / "README.md"
    readme.write_text(f"# T\n\n{BEGIN}\nold\n{END}\n\nrest\n", encoding="utf-8")
    for run in pair(1, seeds=2):
        write_record(run, tmp_path / "runs")
    assert update_readme(tmp_path / "runs", readme)
    said = readme.read_text(encoding="utf-8")
    assert said.startswith("# T\n") and said.endswith("rest\n") and "old" not in said
    assert {p.name for p in (tmp_path / "runs").glob("*.md")} == {"README.md", "REPRODUCTION.md"}
    assert not update_readme(tmp_path / "runs", readme)


@pytest.mark.parametrize("readme", ["", BEGIN, f"{END}{BEGIN}", f"{BEGIN}{END}{BEGIN}{END}"])
def test_markers_that_are_not_there_are_asked_for(readme):
    with pytest.raises(ValueError, match="expected one <!-- verdicts -->"):
        replaced(readme, verdict_block([]), (BEGIN, END))


def test_the_command_leaves_a_fresh_readme_alone(capsys):
    before = text("README.md")
    assert main(["report", "--readme"]) == 0
    assert "up to date" in capsys.readouterr().out and text("README.md") == before


def test_the_benchs_figure_is_drawn_from_what_is_stored_where_it_lacks(tmp_path):
    readme, picture = tmp_path / "README.md", tmp_path / "bench" / "growth-cpu.png"
    readme.write_text("".join((BEGIN, END, *SPEED)))
    for folder in ("runs", "bench"):
        (tmp_path / folder).mkdir()
    shutil.copy(ROOT / "data" / "bench" / "bench-cpu.json", picture.parent)
    assert update_readme(tmp_path / "runs", readme) and picture.read_bytes()
    picture.write_bytes(b"as it was")
    assert not update_readme(tmp_path / "runs", readme) and picture.read_bytes() == b"as it was"
    picture.unlink()
    assert not update_readme(tmp_path / "runs", readme) and picture.read_bytes()
