"""arena sweep submit: what is sent, what is refused, and what a file and a job give."""

import json

import pytest

BASE = ("--name", "digits", "--image", "i", "--metric", "accuracy:max")
LR = ("--param", "lr=log:1e-5..1e-1")
DRY = "--dry-run"
KATIB = ("--engine", "katib")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("x {lr}",), "--param is missing"),
        ((*LR, "x"), "--param lr is not used\nHint: write {lr} where its value goes in the command"),
        ((*LR, "x {lr} {lrs}"), "the command has {lrs}, which is no parameter\nHint: did you mean {lr}?"),
        ((*LR, "-e", "A={b}", "x {lr}"), "--env has {b}, which is no parameter"),
        (("--param", "lr=unifrom:0..1", "x {lr}"), "did you mean uniform:0..1?"),
        (("--param", "lr", "x {lr}"), '--param: "lr" has no value'),
        ((*LR, "--param", "lr=1,2", "x {lr}"),
         '--param: "lr" is given twice\nHint: give all its values at once, such as lr=1,2,3'),
        (("--param", "trial=1,2", "x {trial}"), '--param: "trial" stands for the name of a trial'),
        (("--param", "lr=log:0..1", "x {lr}"), "lr is logarithmic, so it must start above 0"),
        ((*LR, "--metric", "loss:down", "x {lr}"), '--metric: "loss:down" is not a metric'),
        ((*LR, "--metric", "accuracy:min", "x {lr}"), '--metric: "accuracy" is given twice'),
        ((*LR, "--goal", "high", "x {lr}"), '--goal: "high" is not a number'),
        ((*LR, "--algorithm", "tpee", "x {lr}"), 'there is no algorithm "tpee"; did you mean tpe?'),
        ((*LR, "--algorithm-setting", "gama=1", "x {lr}"), 'random has no setting "gama"'),
        ((*LR, "--algorithm", "grid", "x {lr}"), "grid needs a step for lr"),
        ((*LR, "--algorithm", "cmaes", "x {lr}"), "cmaes needs at least two parameters"),
        ((*LR, *KATIB, "--algorithm", "nsga2", "x {lr}"), "Katib has no algorithm nsga2"),
        ((*LR, *KATIB, "--constraint", "lr<0.1", "x {lr}"), "Katib knows no constraints"),
        ((*LR, "--constraint", "b<0.1", "x {lr}"), '"b<0.1" names b, which is no parameter'),
        ((*LR, "--constraint", "lr>1", "x {lr}"), "random combinations fulfils the constraint"),
        ((*LR, *KATIB, "--param", "n=1,2 if lr>0.01", "x {lr} {n}"), "Katib knows no conditions"),
        ((*LR, "--parallel", "5", "--max-trials", "4", "x {lr}"), "--parallel 5 is more than the number of"),
        ((*LR, "--max-failed", "5", "--max-trials", "4", "x {lr}"), "--max-failed 5 is more than the number"),
        ((*LR, "--max-trials", "0", "x {lr}"), "--max-trials"),
        ((*LR, "--metrics-from", "file", "x {lr}"), "--metrics-from file needs the file"),
        ((*LR, "--metrics-file", "m.log", "x {lr}"), "--metrics-file"),
        ((*LR, "--seed", "7", "--algorithm", "sobol", "x {lr}"), "--seed: Katib's sobol takes none"),
        ((*LR, "--param", "n=int:1..9", "--algorithm", "hyperband", "--algorithm-setting", "r_l=9",
          "--algorithm-setting", "resource_name=n", "--parallel", "3", "x {lr} {n}"),
         "hyperband starts 9 trials at once for r_l=9 and eta=3, and 3 may run"),
        ((*LR, "--param", "n=int:1..9", "--algorithm", "hyperband", "--algorithm-setting", "r_l=9",
          "--algorithm-setting", "resource_name=n", "--parallel", "9", "--early-stop", "median",
          "x {lr} {n}"),
         "--early-stop median: hyperband ends bad trials itself"),
        ((*LR, "--early-stop", "medium", "x {lr}"), '--early-stop: "medium" is not allowed'),
        ((*LR, "--name", "n" * 41, "x {lr}"), "use at most 40 characters"),
        (("--param", "gpus=1,2", *KATIB, "--gpus", "{gpus}", "x"), "Katib fills parameters only into text"),
        (("--param", 'opt="it\'s",b', "x {opt}"), "has characters that Katib cannot put into a job"),
        (("--param", 'opt="a b",c', "x $(y {opt})"), "pass it as a variable"),
        ((*LR, "--early-stop-setting", "start_step=9", "x {lr}"), "--early-stop-setting needs the rule"),
        ((*LR, "--early-stop", "median", "--early-stop-setting", "step=9", "x {lr}"),
         '--early-stop-setting: median has no setting "step"; its settings are min_trials_required'),
        ((*LR, "--early-stop", "median", "--early-stop-setting", "start_step=0", "x {lr}"),
         "--early-stop-setting: the setting start_step is a whole number from 1"),
    ],
    ids=range(37),
)  # fmt: skip
def test_refused(arena, words, said):
    """What cannot be used is refused in a sentence before anything is created."""
    ended = arena("sweep", "submit", "job", *BASE, *words)
    assert (ended.code, ended.out) == (2, "")
    assert said in ended.err
    assert len(ended.err.splitlines()) <= 2


def test_settings_of_early_stopping(arena):
    """Katib's medianstop gets the settings."""
    rule = ("--early-stop", "median", "--early-stop-setting", "start_step=9")
    ended = arena("sweep", "submit", "job", *BASE, *LR, *KATIB, *rule, DRY, "-o", "json", "x {lr}")
    assert ended.code == 0
    assert json.loads(ended.out)["spec"]["earlyStopping"] == {
        "algorithmName": "medianstop",
        "algorithmSettings": [{"name": "start_step", "value": "9"}],
    }


def test_a_parameter_of_a_file_is_given_again(arena, tmp_path):
    """A flag takes the place of a parameter in a list of a file; a list that names one twice is refused."""
    file = tmp_path / "sweep.yaml"
    lines = "kind: job\nname: digits\nimage: i\ncommand: x {lr}\nmetric: accuracy:max\nparam:\n- lr=1,2\n"
    file.write_text(lines)
    ended = arena("sweep", "submit", "-f", str(file), "--param", "lr=7,8", DRY)
    assert (ended.code, '"7"' in ended.out or "'7'" in ended.out) == (0, True)
    file.write_text(lines + "- lr=3\n")
    ended = arena("sweep", "submit", "-f", str(file), DRY)
    assert (ended.code, ended.err.splitlines()[0]) == (2, 'Error: --param: "lr" is given twice')
