"""Each block of fpl_lib/README.md runs with the real library and does what the page says."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.util import find_spec

import pytest

from fpl_lib._files import CHECKOUT

PAGE = (CHECKOUT / "fpl_lib" / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```python\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
# What must hold after the block that imports this; the first block imports none of them.
HOLDS = {
    "lightning": """
assert trainer.global_step == 8
learnt = module.loss.alpha().detach()
assert (learnt - 1).abs().min() > 1e-4, "the weights are trained along"
""",
    "transformers": """
assert torch.allclose(whole, in_four, atol=1e-7)
torch.manual_seed(0)
assert (whole - Classifier().linear.weight).abs().max() > 1e-3, "it has moved"
def compute_loss(outputs, labels, num_items_in_batch=None):
    return FalsePositiveLoss()(outputs["logits"], labels)
assert not torch.allclose(whole, trained(2, 4), atol=1e-3), "the naive mean is another update"
""",
    "torchvision.transforms": """
share = shares.amax(1)
twin = labels.roll(1)
first = shares.gather(1, labels[:, None]).squeeze(1)
logits = model(mixed)
expected = first * each(logits, labels) + (1 - first) * each(logits, twin)
same = labels == twin
assert torch.allclose(loss, torch.where(same, each(logits, labels), expected).mean())
assert not torch.allclose(loss, FalsePositiveLoss()(logits, shares.argmax(1)))
""",
    "timm": """
assert torch.allclose(shares.topk(2).values.sum(1), torch.ones(16))
two = torch.tensor([[0.3, 0, 0.7, 0]]), torch.randn(1, 4)
loss = 0.3 * each(two[1], torch.tensor([0])) + 0.7 * each(two[1], torch.tensor([2]))
assert torch.allclose(mixed_loss(two[1], two[0]), loss)
""",
    "skorch": """
assert np.allclose(probabilities.sum(1), 1, atol=1e-6) and probabilities.min() >= 0
net = NeuralNetClassifier(torch.nn.Linear, module__in_features=20, module__out_features=4,
    criterion=FalsePositiveLoss, max_epochs=1, verbose=0, train_split=None)
assert not np.allclose(net.fit(inputs, labels).predict_proba(inputs).sum(1), 1, atol=1e-2)
""",
    "fastai": """
assert torch.allclose(probabilities.sum(1), torch.ones(32), atol=1e-6)
assert torch.equal(decisions, probabilities.argmax(1))
""",
    "torchvision.models": """
outputs = model.eval()(images)["out"]
inner = FalsePositiveLoss()(outputs[:, :, 8:], labels[:, 8:])
assert torch.allclose(FalsePositiveLoss(ignore_index=255)(outputs, labels), inner)
assert all(p.grad is not None for p in model.parameters())
""",
    "torch.distributed": "",
    None: """
from fpl_lib import false_positive_loss
alpha = class_alpha(counts)
assert torch.allclose(loss_function(model(images), labels),
                      false_positive_loss(model(images), labels, alpha=alpha))
assert loss < torch.log(torch.tensor(4.0)) + torch.log(torch.tensor(4 / 3)), "below the even guess"
""",
}


def imported(block: str) -> str | None:
    found = [name for name in HOLDS if name and re.search(rf"^(from|import) {name}\b", block, re.M)]
    return found[0] if found else None


def test_every_block_has_a_library_of_its_own():
    assert sorted(map(str, map(imported, BLOCKS))) == sorted(map(str, HOLDS))


@pytest.mark.slow
@pytest.mark.parametrize("block", BLOCKS, ids=[str(imported(block)) for block in BLOCKS])
def test_recipe_runs_and_does_what_it_says(block, tmp_path):
    library = imported(block)
    if library and find_spec(library.split(".")[0]) is None:
        pytest.skip(f"{library} is not installed: pip install -e '.[recipes]'")
    (tmp_path / "recipe.py").write_text(block + HOLDS[library], encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "recipe.py"], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    if library == "torch.distributed":
        first, second = re.findall(r"alpha: (\[.*?\])", done.stdout)
        assert first == second != str([1.0] * 4)
