"""README's verdicts are those of the records, and none else can stand there."""

import pytest
from made_runs import pair
from repository import ROOT, text
from test_questions import compact

from fpl_lib import paper
from fpl_lib.__main__ import main
from fpl_lib.commands.readme import BEGIN, CLAIMS, END, update_readme, verdict_block, with_verdicts
from fpl_lib.evidence.records import read_runs, write_record
from fpl_lib.evidence.verdicts import verdict_on


def test_readme_says_what_the_records_say():
    """Where this fails, records are newer: `python -m fpl_lib report --readme` writes it anew."""
    assert text("README.md") == with_verdicts(text("README.md"), read_runs(ROOT / "data" / "runs"))


def test_the_table_follows_the_first_paragraph():
    title, first, block, *_ = text("README.md").split("\n\n")
    assert title.startswith("# ") and not first.startswith("#") and block.startswith(BEGIN)


def test_the_claims_are_the_papers():
    assert 6 <= len(CLAIMS) <= 10 and set(CLAIMS) <= set(paper.claims().index)


def test_a_row_a_claim_with_verdict_and_reason():
    rows = [line.split(" | ") for line in verdict_block([]).splitlines() if line.startswith("| ")]
    assert len(rows) == 1 + len(CLAIMS) and {len(row) for row in rows} == {3}
    assert all(len(row[2]) > 10 for row in rows)


def test_new_records_change_the_rows_that_rest_on_them_and_no_two_rest_on_one_question():
    before, after = verdict_block([]).splitlines(), verdict_block(compact(-2)).splitlines()
    changed = [line for line in after if line not in before]
    assert len(changed) == 2, "Q1's row, and the spread that the printed runs are weighed by"
    assert "not borne out (CompactNet" in changed[0] and "n = 10: FPL − CE = −2.00" in changed[0]
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
    assert not update_readme(tmp_path / "runs", readme)


@pytest.mark.parametrize("readme", ["", BEGIN, f"{END}{BEGIN}", f"{BEGIN}{END}{BEGIN}{END}"])
def test_markers_that_are_not_there_are_asked_for(readme):
    with pytest.raises(ValueError, match="expected one <!-- verdicts -->"):
        with_verdicts(readme, [])


def test_the_command_leaves_a_fresh_readme_alone(capsys):
    before = text("README.md")
    assert main(["report", "--readme"]) == 0
    assert "up to date" in capsys.readouterr().out and text("README.md") == before
