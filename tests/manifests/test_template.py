"""Templates are parsed first and filled second."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arena import kinds, manifests
from arena.errors import TemplateError
from arena.kinds.workload.rendering import Rendering
from arena.manifests.template import holes

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(PLAIN.filter(lambda value: value is not None))
def test_whole_hole_takes_the_value(value):
    """A scalar that is one hole becomes the value itself, whatever is in it, and shares nothing with it."""
    filled = manifests.fill({"a": "${x}"}, {"x": value})
    assert filled == {"a": value}
    assert filled["a"] is not value or not isinstance(value, (list, dict))


@given(st.text())
def test_text_around_a_hole_is_kept(word):
    """A value inside text is put there as it is; holes in it are not filled again."""
    assert manifests.fill("a=${x};b=${x}", {"x": word}) == f"a={word};b={word}"


def test_without_its_kind_or_name_nothing_is_made():
    """An object whose kind is None is omitted, and so is an item of a list whose name is None."""
    text = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: [{name: '${x}', image: i}, {name: b}]\n"
    made = manifests.render(f"{text}---\n{text.replace('Pod', '${x}')}", {"x": None}, "it")
    assert [(one["kind"], one["spec"]) for one in made] == [("Pod", [{"name": "b"}])]
    assert [one["kind"] for one in manifests.render(f"{text}---\n{text}", {"x": "y"}, "it")] == ["Pod", "Pod"]


@given(PLAIN)
def test_without_holes_nothing_changes(node):
    """What has no hole is copied."""
    text = json.dumps(node).replace("$", "S")
    assert manifests.fill(json.loads(text), {}) == json.loads(text)


def test_none_drops():
    """None drops its key, its item, and the entry whose key is the hole, holes inside included."""
    values = {"no": None, "yes": 1}
    assert manifests.fill({"a": "${no}", "b": "${yes}", "c": ["${no}", "${yes}"]}, values) == {
        "b": 1,
        "c": [1],
    }
    assert manifests.fill({"${no}": {"x": "${yes}"}, "k": 0}, values) == {"k": 0}


def test_list_is_spliced():
    """A list in a list is spliced; a list that stands alone stays."""
    assert manifests.fill(["a", "${x}", "b"], {"x": ["1", "2"]}) == ["a", "1", "2", "b"]
    assert manifests.fill([["${x}"], {"k": "${x}"}], {"x": [1]}) == [[1], {"k": [1]}]


def test_values_are_never_shared():
    """Two places that take one value can be changed apart."""
    filled = manifests.fill({"a": "${x}", "b": "${x}"}, {"x": {"deep": []}})
    filled["a"]["deep"].append(1)
    assert filled["b"] == {"deep": []}


def test_literal_hole():
    """`$${` stands for `${`."""
    assert manifests.fill("echo $${HOME} $${x} ${x}", {"x": 1}) == "echo ${HOME} ${x} 1"


@pytest.mark.parametrize("value", [True, None, [1], {"a": 1}])
def test_only_text_and_numbers_inside_text(value):
    """A hole inside text refuses what is neither text nor number."""
    with pytest.raises(TemplateError, match="is inside text"):
        manifests.fill("a-${x}", {"x": value})


def test_unknown_hole():
    """An unknown hole is an error that names the likely one and lists the known."""
    with pytest.raises(TemplateError, match=r"unknown hole \$\{wokers\}") as caught:
        manifests.fill({"a": "${wokers}"}, {"workers": 1, "gpus": 2})
    assert caught.value.hint == "did you mean ${workers}? known are gpus, workers"


def test_merge_patch():
    """A patch merges mappings, replaces the rest, removes nulls, and does not change its target."""
    target = {"a": {"b": 1, "c": [1, 2]}, "d": 1}
    assert manifests.patch(target, {"a": {"c": [3], "b": None}, "e": {"f": None, "g": 2}}) == {
        "a": {"c": [3]},
        "d": 1,
        "e": {"g": 2},
    }
    assert target == {"a": {"b": 1, "c": [1, 2]}, "d": 1}


@given(PLAIN, PLAIN)
def test_merge_patch_twice(target, change):
    """Applying a patch a second time changes nothing."""
    once = manifests.patch(target, change)
    assert manifests.patch(once, change) == once


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "it is empty"),
        ("- 1", "document 1 is not a mapping"),
        ("kind: Pod\nmetadata: {name: x}", "document 1 has no apiVersion"),
        ("apiVersion: v1\nkind: 1\nmetadata: {name: x}", "document 1 has no kind"),
        ("apiVersion: v1\nkind: Pod\nmetadata: x", "document 1 has no metadata.name"),
    ],
)
def test_what_is_no_object(text, message):
    """What comes out of a template must be objects of the API."""
    with pytest.raises(TemplateError, match=message):
        manifests.render(text, {}, "it")


def test_unreadable_files(tmp_path):
    """A template that cannot be read, or is not text, is refused with its name."""
    with pytest.raises(TemplateError, match="No such file"):
        manifests.find("x", tmp_path / "none.yaml")
    (tmp_path / "bytes").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(TemplateError, match="is not UTF-8 text"):
        manifests.find("x", tmp_path / "bytes")


@pytest.mark.parametrize("kind", kinds.training_kinds(), ids=lambda kind: kind.name)
def test_templates_use_what_their_kind_offers(kind):
    """A packaged template uses every value of its kind and no other."""
    spec = kind.spec(name="x", command="true", image="i")
    values = kind.values(spec, Rendering(resource=kind.resources[0]))
    used = set().union(
        *(holes(one) for one in manifests.load_all(manifests.find(kind.template), kind.template))
    )
    assert used == values.keys()
