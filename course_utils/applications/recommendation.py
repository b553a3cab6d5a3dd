"""Recommending items to users: data sets of choices, the usual methods, a VAE for them, and honest measures.

    symbol     shape              meaning
    x          (N, items)         1 where a user chose an item, else 0
    seen       (N, items)         the part of a user's choices that a method is shown
    hidden     (N, items)         the rest, which it should find
    scores     (N, items)         what a method says: the higher, the sooner an item is recommended

The VAE is that of the course with another likelihood.
"""

import importlib.util
import pathlib
import re
from collections import Counter
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from course_utils import networks
from course_utils.plumbing.checks import check_whole
from course_utils.vae import VAE

MSWEB = pathlib.Path(__file__).resolve().parents[2] / "data" / "MSWeb" / "anonymous-msweb.data"
PAGE = "https://archive.ics.uci.edu/dataset/4/anonymous+microsoft+web+data"
PACKAGES = ("scipy", "sklearn", "matplotlib", "torch")  # installed wherever the course runs
EASE_WEIGHTS = (10, 30, 100, 300, 1000)
NEIGHBOURS = (10, 30, 100)
SVD_SIZES = (1, 2, 4, 8, 16, 32, 64)


def multinomial_nll(output: Tensor, x: Tensor) -> Tensor:
    """-log p(x | z) in nats, without its constant, for items drawn from softmax(output): (N, items) twice to (N,).

    Liang et al. (2018), equation 2.
    """
    return -(F.log_softmax(output, 1) * x).sum(1)


class MultVAE(VAE):
    """A VAE of choices, each drawn from one softmax over the items (Liang et al., 2018)."""

    def __init__(self, encoder: nn.Module, decoder: nn.Module, **settings):
        super().__init__(encoder, decoder, **settings)
        self.likelihood = "multinomial"

    def nll(self, z: Tensor, x: Tensor, y: Tensor | None = None) -> Tensor:
        """Return -log p(x | z) in nats, without its constant: (N,)."""
        output = self.decoder(z)
        if output.shape != x.shape:  # it would broadcast
            raise ValueError(f"expected choices shaped {tuple(output.shape)}, got {tuple(x.shape)}")
        return multinomial_nll(output, x)


class UserEncoder(nn.Module):
    """Choices (N, items) to means and log-variances: scaled to length 1, some dropped, then an MLP.

    Liang et al. (2018), section 2.4; dropping items makes even a plain autoencoder a denoising one.
    """

    def __init__(self, items: int, latent_dim: int = 32, hidden: int = 300, drop: float = 0.3):
        super().__init__()
        self.drop = nn.Dropout(drop)
        self.layers = networks.mlp([items, hidden, 2 * latent_dim], "tanh")
        with torch.no_grad():  # begin with narrow codes: log-variances near -2
            self.layers[-1].weight[latent_dim:] *= 0.01
            self.layers[-1].bias[latent_dim:] = -2.0

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(self.drop(F.normalize(x, dim=1)))


def mult_vae(
    items: int, beta: float = 0.05, warmup_steps: int = 1000, stochastic: bool = True, lr: float = 3e-3
) -> MultVAE:
    """Mult-VAE (Liang et al., 2018); with `stochastic=False` it is their Mult-DAE, without a code that is drawn."""
    encoder, decoder = UserEncoder(items), networks.MLPGenerator(32, (300,), (items,), act="tanh")
    return MultVAE(encoder, decoder, beta=beta, warmup_steps=warmup_steps, stochastic=stochastic, lr=lr)


# The data


def load_msweb(path: str | pathlib.Path = MSWEB) -> tuple[Tensor, list[str]]:
    """The areas of www.microsoft.com that visitors opened in one week (UCI): x (32710, 285), names of the areas.

    Raises ValueError where the file is missing, or is another one.
    """
    path = pathlib.Path(path)
    if not path.exists():
        raise ValueError(f"expected the file anonymous-msweb.data of {PAGE} as {path}, got none")
    names, visits = {}, []
    for line in path.read_text(encoding="latin-1").splitlines():
        kind, *fields = line.split(",")
        if kind == "A":
            names[fields[0]] = fields[2].strip('"')
        elif kind == "C":
            visits.append(set())
        elif kind == "V":
            visits[-1].add(fields[0])
    if not visits or not names:
        raise ValueError(f"expected lines A, C and V of anonymous-msweb.data, got {len(names)} areas in {path}")
    x, seen = as_matrix(visits)
    return x, [names[area] for area in seen]


def load_numpy_names(
    packages: tuple[str, ...] = PACKAGES, items: int = 300, least: int = 2
) -> tuple[Tensor, list[str]]:
    """Source files as users, NumPy's functions as items: x (files, items), names; nothing is downloaded.

    A file "chooses" `np.mean` by using it. Kept are the `items` names that most files use, and files with `least`.
    """
    check_whole(items=items, least=least)
    files = []
    for package in packages:
        found = importlib.util.find_spec(package)
        if found is None or not found.submodule_search_locations:
            raise ValueError(f"expected an installed package, got {package!r}")
        for path in sorted(pathlib.Path(found.submodule_search_locations[0]).rglob("*.py")):
            files.append(set(re.findall(r"\bnp\.(\w+)", path.read_text(encoding="utf-8", errors="ignore"))))
    used = Counter(name for names in files for name in names)
    kept = set(sorted(used, key=lambda name: (-used[name], name))[:items])
    x, names = as_matrix([names & kept for names in files])
    return x[x.sum(1) >= least], names


def as_matrix(choices: list[set[str]]) -> tuple[Tensor, list[str]]:
    """Sets of names to x (N, items), and the names in the order of its columns."""
    names = sorted(set().union(*choices))
    column = {name: i for i, name in enumerate(names)}
    x = torch.zeros(len(choices), len(names))
    for row, chosen in zip(x, choices):
        row[[column[name] for name in chosen]] = 1
    return x, names


class Parts(NamedTuple):
    """Users to learn from, and what validation and test users show and hide; all are different users."""

    train: Tensor
    seen: Tensor  # of the validation users
    hidden: Tensor
    test_seen: Tensor
    test_hidden: Tensor


def split_users(x: Tensor, held_out: int, seed: int, least: int = 5, share: float = 0.2) -> Parts:
    """Hold out twice `held_out` users with `least` choices or more, and hide a share of theirs, at least one each."""
    able = (x.sum(1) >= least).nonzero().squeeze(1)
    if len(able) <= 2 * held_out:
        raise ValueError(f"expected more than {2 * held_out} users with {least} choices or more, got {len(able)}")
    noise = torch.Generator().manual_seed(seed)
    asked = able[torch.randperm(len(able), generator=noise)[: 2 * held_out]]
    learned = torch.ones(len(x), dtype=torch.bool)
    learned[asked] = False
    validation, test = x[asked].chunk(2)
    return Parts(x[learned], *hide(validation, share, noise), *hide(test, share, noise))


def hide(x: Tensor, share: float, noise: torch.Generator) -> tuple[Tensor, Tensor]:
    """Part each user's choices in two, seen and hidden, (N, items) each."""
    lot = torch.rand(x.shape, generator=noise).masked_fill(x == 0, -1)
    rank = lot.argsort(1, descending=True).argsort(1)
    hidden = (rank < (share * x.sum(1, keepdim=True)).long().clamp_min(1)).float()
    return x - hidden, hidden


# The methods: each gives scores (N, items)


def by_popularity(train: Tensor, seen: Tensor) -> Tensor:
    """The same for everybody: how many chose an item."""
    return train.sum(0).expand_as(seen)


def by_neighbours(train: Tensor, seen: Tensor, k: int) -> Tensor:
    """Items that are similar, by the cosine of their columns, to those seen; each item has k neighbours."""
    columns = F.normalize(train, dim=0)
    similar = (columns.T @ columns).fill_diagonal_(0)  # (items, items)
    top = similar.topk(min(k, len(similar) - 1), 1)
    return seen @ torch.zeros_like(similar).scatter_(1, top.indices, top.values).T


def by_svd(train: Tensor, seen: Tensor, d: int) -> Tensor:
    """The projection of a user on the d main directions of all users."""
    _, vectors = torch.linalg.eigh(train.double().T @ train.double())  # in rising order
    v = vectors[:, -d:].float()  # (items, d)
    return seen @ v @ v.T


def ease_weights(train: Tensor, weight: float) -> Tensor:
    """Each item predicted from the others by ridge regression, all by one inverse: (items, items) (Steck, 2019)."""
    if not weight > 0:
        raise ValueError(f"expected a weight above 0, got {weight}")
    x = train.double()
    p = torch.linalg.inv(x.T @ x + weight * torch.eye(x.shape[1], dtype=x.dtype))
    return (-p / p.diag()).fill_diagonal_(0).float()


def by_ease(train: Tensor, seen: Tensor, weight: float) -> Tensor:
    return seen @ ease_weights(train, weight)


@torch.no_grad()
def by_vae(vae: VAE, seen: Tensor, seed: int | None = None) -> Tensor:
    """The decoder's output for the mean code of each user; with a seed, for a code that is drawn."""
    vae.eval()
    z, logvar = vae.encode(seen)
    if seed is not None:
        z = z + (0.5 * logvar).exp() * torch.randn(z.shape, generator=torch.Generator().manual_seed(seed))
    return vae.decoder(z)


def best_setting(method, settings, parts: Parts):
    """The setting of a method with the highest NDCG@100 on validation users."""
    return max(
        settings, key=lambda value: float(ndcg(method(parts.train, parts.seen, value), parts.hidden, parts.seen))
    )


# The measures


def top(scores: Tensor, seen: Tensor, k: int) -> Tensor:
    """The k items to recommend, best first, none that the user has: (N, k)."""
    if scores.shape != seen.shape:
        raise ValueError(f"expected scores of the shape {tuple(seen.shape)}, got {tuple(scores.shape)}")
    check_whole(k=k)
    return scores.masked_fill(seen > 0, -torch.inf).topk(min(k, scores.shape[1]), 1).indices


def ndcg(scores: Tensor, hidden: Tensor, seen: Tensor, k: int = 100) -> Tensor:
    """NDCG@k: the discounted number of hidden items among the first k over the most that could be; the users' mean."""
    listed = top(scores, seen, k)
    discount = 1 / torch.log2(torch.arange(listed.shape[1]) + 2.0)
    ideal = discount.cumsum(0)[hidden.sum(1).clamp(1, listed.shape[1]).long() - 1]
    return ((hidden.gather(1, listed) * discount).sum(1) / ideal).mean()


def recall(scores: Tensor, hidden: Tensor, seen: Tensor, k: int = 20) -> Tensor:
    """The share of the hidden items, or of k if they are more, that is among the first k; the users' mean."""
    return (hidden.gather(1, top(scores, seen, k)).sum(1) / hidden.sum(1).clamp(1, k)).mean()


def sampled_recall(
    scores: Tensor, hidden: Tensor, seen: Tensor, k: int = 10, others: int = 20, seed: int = 0
) -> Tensor:
    """The share of hidden items among the first k of only `others` items drawn from those not chosen: a shortcut."""
    lot = torch.rand(scores.shape, generator=torch.Generator().manual_seed(seed)).masked_fill(seen + hidden > 0, -1)
    drawn = torch.zeros_like(lot).scatter_(1, lot.topk(others, 1).indices, 1)  # (N, items)
    rivals = scores.masked_fill(drawn == 0, -torch.inf)
    better = (rivals[:, None, :] > scores[:, :, None]).sum(2)  # (N, items)
    return ((better < k) * hidden).sum() / hidden.sum()


def bits_of_ten(scores: Tensor, train: Tensor, seen: Tensor) -> Tensor:
    """How little known the ten recommended are: the mean of -log2 of the share of users who chose an item."""
    popularity = (train.sum(0) + 1) / (len(train) + 1)
    return -popularity.log2()[top(scores, seen, 10)].mean()


def measured(scores: Tensor, parts: Parts, mask: bool = True) -> dict[str, float]:
    """All measures on the test users; `mask=False` forgets to leave out what a user has already."""
    hidden, seen = parts.test_hidden, parts.test_seen if mask else torch.zeros_like(parts.test_seen)
    listed = top(scores, seen, 10)
    found = {
        "ndcg100": ndcg(scores, hidden, seen),
        "ndcg10": ndcg(scores, hidden, seen, 10),
        "recall20": recall(scores, hidden, seen),
        "sampled": sampled_recall(scores, hidden, parts.test_seen),
        "bits": bits_of_ten(scores, parts.train, seen),
        "coverage": len(listed.unique()) / scores.shape[1],
    }
    return {name: float(value) for name, value in found.items()}
