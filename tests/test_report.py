"""The report's tables and files, from made records whose numbers are known."""

import re

import numpy as np
import pandas as pd
import pytest
from made_runs import made, pair
from PIL import Image

from fpl_lib.commands.parser import make_parser
from fpl_lib.commands.report import report, to_markdown
from fpl_lib.evidence.catalogue import EXPERIMENTS
from fpl_lib.evidence.experiments import configs
from fpl_lib.evidence.overview import question_commands, summary, unasked_commands
from fpl_lib.evidence.pages import not_run
from fpl_lib.evidence.questions import QUESTIONS, answer
from fpl_lib.evidence.records import Record, write_record

SEEDS = [made(seed=seed, top1=top1) for seed, top1 in enumerate((60, 70, 80))]


def unfinished(loss="ce", epochs=3):
    run = made(loss, epochs=5)
    return Record(run.header, run.epochs[:epochs])


def of(table, **place):
    for key, value in place.items():
        table = table[table[key] == value]
    return table


def section(text, experiment):
    return re.search(rf"^## {experiment}$(.*?)(?=^## |\Z)", text, re.M | re.S)[1]


def test_seeds_are_averaged_with_their_spread():
    (row,) = of(summary(SEEDS), experiment="mini", loss="fpl").itertuples()
    assert row.n == 3
    assert row.top1_mean == pytest.approx(70)
    assert row.top1_sd == pytest.approx(np.std([60, 70, 80], ddof=1))
    assert "| 3 seeds | 70.00 ± 10.00 |" in section(to_markdown(SEEDS), "mini")


@pytest.mark.parametrize(
    "other", [{"source": "cifar10"}, {"config": {"lr": 0.5}}, {"condition": "exp10"}]
)
def test_runs_of_other_images_recipes_or_conditions_are_never_averaged(other):
    """Also those of `python -m fpl_lib train`, where any recipe may be tried."""
    for experiment in ("mini", "train"):
        runs = [made(experiment=experiment, source="mini"),
                made(seed=1, **{"experiment": experiment, "source": "mini", **other})]  # fmt: skip
        rows = of(summary(runs), experiment=experiment, loss="fpl")
        assert rows.loc[rows["n"] > 0, "n"].tolist() == [1, 1]


def test_two_recipes_are_told_apart_by_what_differs():
    runs = [made(experiment="train", config={"lr": lr, "batch_size": 8}) for lr in (0.1, 0.5)]
    assert sorted(summary(runs).query("n > 0")["recipe"]) == ["lr = 0.1", "lr = 0.5"]
    assert "lr = 0.5" in section(to_markdown(runs), "train")


def test_the_summary_has_what_was_begun_in_the_order_of_the_plan():
    names = [*EXPERIMENTS, "train"]  # what no experiment plans comes last
    runs = [made(loss, experiment=name) for name in names[::-1] for loss in ("gce", "fpl")]
    table = summary([*runs, unfinished("mae")])
    assert list(dict.fromkeys(table["experiment"])) == names
    assert len(table) == 2 * len(names) + 1
    assert of(table, n=0)["loss"].tolist() == ["mae"]
    assert summary([]).empty and list(summary([])) == list(table)


def test_what_was_not_run_says_so_with_its_command():
    text = to_markdown([made()])
    assert "| ce |" not in section(text, "mini") and "\n## short\n" not in text
    missing = section(text, "What has not been run")
    assert text.endswith("\n".join(not_run([made()]))) and missing in text
    command = "- without a question: `python -m fpl_lib reproduce"
    assert f"{command} mini --losses ce`" in missing
    assert f"{command} short`" in missing
    asked = "--models resnet18 --conditions float32 --seeds 1-5"
    assert f"- Q3: `python -m fpl_lib reproduce table2 {asked}`\n" in missing
    assert f"{command} table2`" in missing
    asked = "float32 cifar-stem imagenet imagenet-cifar-stem"
    assert f"{command} table2 --conditions {asked}`" in missing
    assert missing.count("reproduce short") == 1, "nothing there is on request"
    named = set(re.findall(r"reproduce ([\w-]+)", missing))
    assert named == set(EXPERIMENTS)


def asked_for(command):
    """The runs that a command's words choose, by the parser that `reproduce` has."""
    words = command.split(" ")
    assert words[:4] == ["python", "-m", "fpl_lib", "reproduce"] and "" not in words
    said = make_parser().parse_args(words[3:])
    return configs(said.experiment, said.models, said.losses, said.seeds,
                   conditions=said.conditions)  # fmt: skip


def made_as(config):
    return made(config.loss, config.seed, experiment=config.experiment, model=config.model,
                condition=config.condition, images=100)  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_the_commands_run_what_is_missing(experiment):
    """First what the questions ask for, then the rest, conditions on request last."""
    done, asked = [], [q for q in QUESTIONS.values() if q.experiment == experiment]
    plan, later = EXPERIMENTS[experiment], []
    for _ in range(6):
        table = summary(done)
        commands = question_commands(*asked, table=table) or unasked_commands(experiment, table)
        if not commands:
            break
        assert f"`{commands[0]}`" in "\n".join(not_run(done))
        assert "--conditions rate" not in commands[0], "trials of rates have seeds of their own"
        if question_commands(*asked, table=table):
            assert commands[0] in question_commands(*asked)
        else:
            chosen = {config.condition for config in asked_for(commands[0])}
            later.append(any(one.on_request for one in plan.conditions if one.name in chosen))
        done += map(made_as, asked_for(commands[0]))
    assert not commands and later == sorted(later)
    assert f"reproduce {experiment}`" not in "\n".join(not_run(done))
    needed = {place[:2] for question in asked for place in question.runs_needed()}
    planned = {
        (model, loss, one.name)
        for model in plan.models for loss in plan.losses for one in plan.conditions
        if not one.validation and (model, one.name) not in needed
    }  # fmt: skip
    rows = of(summary(done), experiment=experiment)
    assert planned <= set(rows[["model", "loss", "condition"]].itertuples(index=False, name=None))
    assert (rows["n"] > 0).all() and (asked or len(rows) == len(planned))


@pytest.mark.slow
@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS)
def test_a_questions_commands_run_its_pairs_and_its_control_and_nothing_else(question):
    runs = [c for command in question_commands(question) for c in asked_for(command)]
    found = answer(question, [made_as(config) for config in runs])
    assert (found.n, found.control_n >= question.control.pairs) == (len(question.seeds), True)
    assert len({config.name for config in runs}) == len(runs)
    losses = {question.loss, question.rival, "ce", question.control.better[0]}
    assert {config.loss for config in runs} == losses
    assert {config.model for config in runs} == {question.model}
    assert question_commands(question, table=summary(map(made_as, runs))) == []


def test_a_run_under_way_says_how_far_it_is():
    assert "| small | ce | 3 of 5 epochs |" in to_markdown([unfinished()])


def test_a_run_cut_in_its_first_epoch_has_no_curve_yet(tmp_path):
    write_record(unfinished(epochs=0), tmp_path / "runs")
    text = report(tmp_path / "runs", tmp_path / "to")
    assert "| small | ce | 0 of 5 epochs |" in text
    assert not list((tmp_path / "to").glob("*.png"))


def test_one_seed_has_no_spread_and_no_interval():
    text = section(to_markdown(pair(1, seeds=1)), "mini")
    assert "| small | fpl | 1 seed |" in text and "±" not in text and "interval" not in text


def test_differences_stand_with_their_interval():
    text = section(to_markdown(pair(1.5, seeds=6)), "mini")
    found = re.search(r"\| fpl − ce \| 6 \| \+1\.5\d \| \+(\S+) to \+(\S+) \|", text)
    assert float(found[1]) < 1.5 < float(found[2])


def test_the_papers_accuracy_stands_beside_ours():
    places = [("table2", "", "resnet18"), ("table3", "scratch", "resnet50"),
              ("mini", "", "small")]  # fmt: skip
    table = summary([
        made(loss, experiment=name, condition=condition, model=model)
        for name, condition, model in places for loss in ("fpl", "ce")
    ])  # fmt: skip
    printed = of(table, experiment="table2", condition="", model="resnet18").set_index("loss")
    assert printed["printed"].to_dict() == {"fpl": 64.69, "ce": 64.64}  # 10 000 less the errors
    scratch = of(table, experiment="table3", condition="scratch").set_index("loss")["printed"]
    assert scratch.to_dict() == {"fpl": 95.25, "ce": 94.93}
    mini = of(table, experiment="mini")["printed"]
    assert len(mini) == 2 and mini.isna().all()


@pytest.mark.slow
def test_the_report_writes_tables_and_figures_from_the_records(tmp_path):
    runs = [*pair(1, seeds=2), *pair(1, seeds=3, experiment="wrong-labels", condition="noise40")]
    for run in runs:
        write_record(run, tmp_path / "runs")
    text = report(tmp_path / "runs", tmp_path / "to")
    to = tmp_path / "to"
    assert (to / "report.md").read_text(encoding="utf-8") == text
    table = pd.read_csv(to / "results.csv", keep_default_na=False)
    found = table[["experiment", "condition", "model", "loss", "seed", "data.source",
                   "environment.device", "config.epochs", "result.top1", "result.top5",
                   "result.errors"]]  # fmt: skip
    expected = [
        (run.header["experiment"], run.condition, "small", run.header["loss"], run.header["seed"],
         run.header["data"]["source"], "CPU, a test", 4,
         *(run.result[key] for key in ("top1", "top5", "errors")))
        for run in runs
    ]  # fmt: skip
    assert sorted(found.itertuples(index=False, name=None)) == sorted(expected)
    assert len(pd.read_csv(to / "verdicts.csv")) == 47
    assert set(pd.read_csv(to / "differences.csv")["condition"].fillna("")) == {"", "noise40"}
    names = ["wrong-labels-small-noise40-differences"]  # two pairs are too few
    for stem in ("mini-small", "wrong-labels-small-noise40"):
        names += [f"{stem}-{kind}" for kind in ("accuracy", "false-positives", "confusion")]
    assert sorted(path.stem for path in to.glob("*.png")) == sorted(names)
    for name in names:
        assert f"({name}.png)" in text
        with Image.open(to / f"{name}.png") as picture:
            assert picture.size[0] <= 1000


def test_no_folder_of_records_is_said(tmp_path):
    with pytest.raises(FileNotFoundError, match="reproduce mini` makes one"):
        report(tmp_path / "nothing")
