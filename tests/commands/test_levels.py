"""Values by name over every level, scalars as they are written, and commands of several words."""

import shlex
import subprocess
from dataclasses import replace

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from product import product

from arena import config, kinds, manifests
from arena.actions.submit import defaults
from arena.config import Layer
from arena.errors import SpecError
from arena.kinds import shell
from arena.kinds.levels import combined, over
from arena.kinds.spec import encode, options, parse
from arena.kinds.spec import given as given_of
from arena.kinds.training.specs.pytorchjob import PyTorchJobSpec
from arena.yamlfile import Null

PYTORCH = kinds.find("pytorchjob")
NAMES = st.sampled_from(["LR", "EPOCHS", "A.b", "Z"])
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=8)
ITEM = st.one_of(
    st.tuples(NAMES, TEXTS).map(lambda pair: ("=".join(pair), dict([pair]), pair)),
    NAMES.map(lambda name: (f"{name}-", {f"{name}-": None}, (name, None))),
)
LEVEL = st.lists(ITEM, max_size=4)


@pytest.fixture
def user(tmp_path):
    with product(tmp_path) as made:
        yield made


@given(st.lists(st.tuples(LEVEL, st.booleans()), max_size=5))
def test_names_are_merged_over_every_level(levels):
    """However levels say them, as words or by name, the strongest has the last word on each name alone."""
    found, wanted = {}, {}
    for items, by_name in levels:
        said = [mapping if by_name else word for word, mapping, _ in items]
        found = over(PyTorchJobSpec, found, {"env": said} if items else {})
        for _, _, (name, value) in items:
            wanted = {key: one for key, one in wanted.items() if key != name}
            wanted |= {} if value is None else {name: value}
    assert parse(PyTorchJobSpec, {"name": "x", "command": "c", **found}).env == wanted


def test_every_option_of_that_shape_is_merged():
    """Whatever option of whatever kind takes names with values has them merged, and takes them back."""
    worth = {"--device": "a.b/{}=1", "--env-from-secret": "{}=s", "--secret": "{}=v"}
    for kind in kinds.all_kinds():
        for one in options(kind.spec):
            if not isinstance(one.default, dict):
                continue
            assert one.type.mapping, f"{kind.name} {one.flag}"
            like, name = worth.get(one.flag, "{}=v"), worth.get(one.flag, "{}=v").partition("=")[0]
            below = [like.format("a"), like.format("b")]
            above = (like.format("b"), name.format("a") + "-")
            merged = over(kind.spec, {one.name: below}, {one.flag: above})
            read = parse(kind.spec, {"name": "x", "command": "c", **merged})
            assert list(getattr(read, one.name)) == [name.format("b")], f"{kind.name} {one.flag}"


def test_all_levels_together(user):
    """Flag, job file, project, user: each adds its names, the stronger one wins, and NAME- takes one back."""
    (user.home / "project").mkdir()
    (user.home / ".config/arena").mkdir(parents=True)
    (user.home / ".config/arena/config.yaml").write_text(
        "defaults: {job: {env: {USER_ONLY: u, A: u, B: u, C: u, GONE: u}}}\n"
    )
    (user.home / ".arena.yaml").write_text("defaults: {job: {env: {A: p, B: p, C: p, P: p}}}\n")
    user.must("config", "trust", "-y")
    (user.home / "job.yaml").write_text("name: a\nimage: i\ncommand: x\nenv: {A: f, B: f, GONE-: }\n")
    said = user.must("submit", "job", "-f", "job.yaml", "-e", "A=flag", "--env", "P-", "--dry-run")
    env = yaml.safe_load(said)["spec"]["template"]["spec"]["containers"][0]["env"]
    own = {one["name"]: one["value"] for one in env if one["value"] in ("u", "p", "f", "flag")}
    assert own == {"USER_ONLY": "u", "A": "flag", "B": "f", "C": "p"}
    rows = [line.split(None, 2) for line in user.must("config", "view", "--origin").splitlines()]
    assert ["defaults.job.env.GONE", "u", str(user.home / ".config/arena/config.yaml")] in rows
    assert ["defaults.job.env.B", "p", str(user.home / ".arena.yaml")] in rows


def test_variables_come_before_files(user):
    """ARENA_* variables are stronger than a job file and than defaults of a kind, flags than all."""
    (user.home / "job.yaml").write_text("name: a\nimage: file\ncommand: x\nschedule: '@daily'\n")
    (user.home / "plain.yaml").write_text("name: a\nimage: file\ncommand: x\n")
    (user.home / ".arena.yaml").write_text("defaults: {job: {image: project}}\n")

    def image(*words, **env):
        said = user.must(*words, "--dry-run", **env)
        return yaml.safe_load(said[said.index("image:") :].splitlines()[0])["image"]

    for words in (("submit", "job", "-f", "plain.yaml"), ("cron", "job", "-f", "job.yaml")):
        assert image(*words) == "file"
        assert image(*words, ARENA_IMAGE="variable") == "variable"
        assert image(*words, "--image", "flag", ARENA_IMAGE="variable") == "flag"
    assert image("submit", "job", "--name", "a", "x") == "project"
    assert image("submit", "job", "--name", "a", "x", ARENA_IMAGE="variable") == "variable"


def test_the_administrators_names_come_last():
    """What the administrator of a cluster sets by name is added below all else."""
    settings = config.resolve([Layer("user", {"defaults.pytorchjob.env": {"A": "u", "B-": None}})])
    settings = settings.below(
        config.administrator({"config.yaml": "defaults: {pytorchjob: {env: {A: a, B: a, C: 3.10}}}"})
    )
    found = combined(PYTORCH.spec, defaults.levels(settings, PYTORCH.name))
    assert parse(PyTorchJobSpec, {"name": "x", "command": "c", **found}).env == {"A": "u", "C": "3.10"}


def test_the_library_merges_as_commands_do():
    """A Spec keeps its own names, gets those that it lacks, and those that it takes back stay away."""
    own = PyTorchJobSpec(name="x", command="c", env={"A": "own", "B-": None})
    assert own.env == {"A": "own"}
    configured = {"env": {"A": "d", "B": "d", "C": "d"}, "label": ["a=b"]}
    for spec in (own, replace(own), replace(own, name="y")):
        merged = parse(PyTorchJobSpec, over(PyTorchJobSpec, configured, given_of(spec)))
        assert (merged.env, merged.label) == ({"A": "own", "C": "d"}, {"a": "b"})


def test_a_reset_of_all_names(user):
    """A null in a job file removes all configured values."""
    assert over(PyTorchJobSpec, {"env": {"A": "1"}}, {"env": None}) == {"env": None}


PLAIN = st.one_of(
    st.from_regex(r"[-+]?[0-9_]{1,5}(\.[0-9]{0,4})?([eE][-+]?[0-9]{1,3})?", fullmatch=True),
    st.from_regex(r"0[xob][0-9a-f]{1,6}", fullmatch=True),
    st.from_regex(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", fullmatch=True),
    st.sampled_from([
        "3.10", "0x10", "True", "yes", "off", "null", "~", "1_000", ".inf", "-.INF", ".nan", "010", "0o10",
        "<<", "1e3",
        "12:30", "2001-12-14t21:59:43.10-05:00", "1.", "+1", "y", "NULL", "=", "1e-3", "00", "FALSE",
    ]),
)  # fmt: skip


@given(PLAIN)
def test_unquoted_scalars_are_what_is_written(text):
    """In a job file and in settings a scalar without quotes is its text, whatever YAML takes it for."""
    try:
        yaml.load(text, Loader=yaml.BaseLoader)
    except yaml.YAMLError:
        return
    written = yaml.load(f"a: {text}", Loader=yaml.BaseLoader)["a"]
    if not isinstance(written, str):
        return
    found = manifests.load(f"env: {{A: {written}}}\nlist:\n- {written}\n", "it", written=True)
    assert found == {"env": {"A": written}, "list": [written]}
    layer = config.administrator({"config.yaml": f"defaults: {{job: {{env: {{A: {written}}}}}}}"})
    assert layer.values == {"defaults.job.env": {"A": written}}


def test_texts_of_a_job_file(user):
    """Image, command, label, annotation and variables keep the text; numbers and switches are still read."""
    (user.home / "job.yaml").write_text(
        "x-common: &common {PYTHON: 3.10, MASK: 0x10, DEBUG: True}\n"
        "name: a\nimage: 1.10\ncommand: 3.10\nworkers: 2\ntensorboard: no\ngang: Yes\nshell: bash\n"
        "label: {version: 1.10, on: 2026-01-02}\nannotation: [when=1_000]\n"
        "queue-name: null\nenv: {<<: *common, OCTAL: 010, NOTHING: , SO: null, INF: .inf}\n"
    )
    said = user.must("submit", "pytorchjob", "-f", "job.yaml", "--dry-run")
    job = yaml.load(said, Loader=yaml.BaseLoader)
    container = job["spec"]["pytorchReplicaSpecs"]["Master"]["template"]["spec"]["containers"][0]
    assert container["image"] == "1.10"
    assert container["command"] == ["bash", "-c", "3.10"]
    assert job["metadata"]["labels"]["version"] == "1.10"
    assert job["metadata"]["labels"]["on"] == "2026-01-02"
    assert job["metadata"]["annotations"]["when"] == "1_000"
    env = {one["name"]: one.get("value") for one in container["env"]}
    kept = {"PYTHON": "3.10", "MASK": "0x10", "DEBUG": "True", "OCTAL": "010", "SO": "null", "INF": ".inf"}
    assert {name: env[name] for name in kept} == kept
    assert env["NOTHING"] == ""


def test_a_null_is_no_value_where_one_is_expected():
    """Null, ~ and nothing are absent as the value of an option, and quoted they are text."""
    found = manifests.load('a: null\nb: ~\nc:\nd: "null"\n', "it", written=True)
    assert [isinstance(one, Null) for one in found.values()] == [True, True, True, False]


@pytest.mark.parametrize("words", [
    ("submit", "job", "-f", "-"), ("submit", "job", "--name", "a", "--image", "i", "x", "--patch", "-"),
    ("submit", "job", "--name", "a", "--image", "i", "x", "--template", "-"), ("cron", "job", "-f", "-"),
    ("evaluate", "model", "-f", "-"),
])  # fmt: skip
def test_standard_input_is_called_that(user, words):
    """What is wrong with standard input is told of by that name, bytes that are no text included."""
    for raw, message in (
        (b"\xff\xfe", "is not UTF-8 text"),
        (b"a: [", "standard input, line 2"),
        (b"- a", "standard input"),
    ):
        child = user.start(*words, "--dry-run", stdin=subprocess.PIPE)
        _, err = child.communicate(raw, timeout=60)
        assert child.returncode == 2, err
        assert b"Traceback" not in err
        assert b"standard input" in err
        assert message.encode() in err


@pytest.mark.parametrize(("given", "meant"), [
    ("'python train.py'", "python train.py"),
    ('"python train.py $X"', "python train.py $X"),
    (r'"python -c \"print(1)\""', 'python -c "print(1)"'),
    ('"a" "b"', '"a" "b"'),
    ("'a' 'b'", "'a' 'b'"),
    ('"', '"'),
    ('"a', '"a'),
    ('""', ""),
    ("python 'a'", "python 'a'"),
])  # fmt: skip
def test_quotes_around_the_whole_command(given, meant):
    """One pair of quotes around all of a command is dropped, be it single or double."""
    assert shell.command(given) == meant


@given(
    st.text(st.sampled_from("a '\"\\\n"))
    | st.lists(st.text(st.sampled_from("a '\"")), min_size=1, max_size=3)
)
def test_a_command_that_was_recorded_is_read_as_it_was(given):
    """What stands in a job, read again for another, is the same command line."""
    meant = shell.command(given)
    assert shell.command(meant) == meant


WORD = st.text(st.sampled_from("ab '\"\\`$(){}*;|&<>~#!-=\n\t"), max_size=6)


@given(st.lists(WORD.filter(lambda word: "$" not in word), min_size=2, max_size=4))
def test_words_keep_their_bounds(words):
    """A shell sees the words that were given, if one of them has blanks, quotes or backslashes in it."""
    odd = [word for word in words if not word or any(char in word for char in " '\"\\\n\t")]
    line = shell.command_line(["printf", r"%s\0", *odd, "end"])
    said = subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=True).stdout
    assert said.split("\0")[:-1] == [*odd, "end"]


@pytest.mark.parametrize(("word", "seen"), [
    ("it's", "it's"), ("hello $NAME's", "hello world's"), ('"${NAME}" $1', '"world" $1'), ("$NAME", "world"),
    ("`id` $NAME x", "`id` world x"), ("\\$ a $NAME", "\\$ a world"), ("$(id) $NAME", "$(id) world"),
    ("print($NAME)", "print(world)"), ("print(1)", "print(1)"), ("", ""),
])  # fmt: skip
def test_variables_expand_within_words(word, seen):
    """A variable of the job is put in, within its word; nothing else of a quoted word means anything."""
    line = shell.command_line(["printf", r"%s\0", word, "end"])
    said = subprocess.run(
        ["sh", "-c", line],
        capture_output=True,
        text=True,
        check=True,
        env={"NAME": "world", "PATH": "/bin:/usr/bin"},
    )
    assert said.stdout.split("\0")[:-1] == [seen, "end"]


@pytest.mark.parametrize("word", [
    "#1", "#", "##x", "--betas=(0.9,0.95)", "(0.9,0.95)", "f(1)", "lr=choice(1,2)", "model=#2", "a#b",
])  # fmt: skip
def test_words_that_a_shell_would_not_read_as_words(word):
    """What begins a comment, or holds a pair of values in parentheses, comes to the program as it is."""
    line = shell.command_line(["printf", r"%s\0", word, "end"])
    said = subprocess.run(["sh", "-c", line], capture_output=True, text=True, check=False)
    assert said.stdout.split("\0")[:-1] == [word, "end"], said.stderr


def test_what_joins_commands_still_does():
    """Operators that stand alone, and one word that is a whole line, are the shell's."""
    assert shell.command_line(["cd", "/x", "&&", "python", "train.py", ">", "log", "2>&1"]) == (
        "cd /x && python train.py > log 2>&1"
    )
    assert shell.command_line(["(cd", "/x", "&&", "make)"]) == "(cd /x && make)"
    assert shell.command_line(["python train.py 'a b' && echo $X"]) == "python train.py 'a b' && echo $X"


def test_words_come_to_the_program_and_back(user):
    """The recorded line gives the same command again."""
    said = user.must(
        *(
            "submit",
            "job",
            "--name",
            "a",
            "--image",
            "i",
            "--dry-run",
            "--",
            "python",
            "train.py",
            "--prompt",
            "it's",
        )
    )
    line = yaml.safe_load(said)["spec"]["template"]["spec"]["containers"][0]["command"][-1]
    assert shlex.split(line) == ["python", "train.py", "--prompt", "it's"]
    assert parse(PyTorchJobSpec, {"name": "x", "command": line}).command == line
    assert encode(parse(PyTorchJobSpec, {"name": "x", "command": line}))["command"] == line


@pytest.mark.parametrize("words", [
    ("python", "train.py", "--lr", "0.1"), ("python", "train.py", "--lr=0.1"), ("bash", "-x", "run.sh"),
])  # fmt: skip
def test_an_option_of_the_command_is_told_from_ours(user, words):
    """An unknown option behind the command's first words is guessed to be the command's."""
    said = user.run("submit", "job", "--name", "python", "--image", "i", *words)
    assert said.code == 2
    assert "; if it belongs to your command, quote the whole command, or put -- before it" in said.err
    assert said.err.endswith(f"options of arena before that: -- {shlex.join(words)}\n")
    assert user.run("submit", "job", "--name", "a", "--image", "i", "--dry-run", "--", *words).code == 0
    early = user.run("submit", "job", "--lr", "0.1", "python")
    assert "put --" not in early.err


def test_a_claim_of_one_letter():
    """A PersistentVolumeClaim may be called by a letter, or a digit."""
    assert [
        str(one)
        for one in parse(PyTorchJobSpec, {"name": "x", "command": "c", "data": ["d:/data", "1:/x"]}).data
    ] == [
        "d:/data",
        "1:/x",
    ]
    with pytest.raises(SpecError, match="the claim's name is missing"):
        parse(PyTorchJobSpec, {"name": "x", "command": "c", "data": {"": "/data"}})
