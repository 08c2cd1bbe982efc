"""Positions of the boxes and arrows of a diagram: rows by depth, few crossings, short arrows (Sugiyama's method).

Boxes stand in rows, each below those that it reads. An arrow over several rows passes each at a point of its own, which
takes part in the ordering as a box would. A box with a diagram within is laid out first, and is then as large as that.
Lengths are in units of the picture: text is 14 high, and its characters 8.5 wide.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from fastnn.models.diagram import Box, Diagram

CHARACTER = 8.5
LINE = 20.0
PADDING = 10.0
_BETWEEN_ROWS = 44.0
_BETWEEN_BOXES = 28.0

Point = tuple[float, float]


@dataclass
class Placed:
    """A box with its position.

    Attributes:
        box: The box.
        x: The left edge.
        y: The upper edge.
        width: The width.
        height: The height.
        inner: The diagram within, relative to the upper left corner; or None.
    """

    box: Box
    x: float
    y: float
    width: float
    height: float
    inner: Layout | None = None


@dataclass
class Layout:
    """A diagram with its positions.

    Attributes:
        boxes: The boxes.
        arrows: For each arrow its points.
        bends: For each arrow, and each piece between two of its points, where on the way it bends, from 0 to 1. Arrows
            from different boxes bend at different places, so that their lines do not run into one another.
        width: The width of the whole.
        height: The height of the whole.
        across: True where data flow to the right or to the left, not down or up.
    """

    boxes: list[Placed]
    arrows: list[list[Point]]
    bends: list[list[float]]
    width: float
    height: float
    across: bool


@dataclass
class _Spot:
    """A box, or a point of an arrow, in the ordering of a row."""

    row: int
    thick: float  # along the row
    deep: float  # across the row
    at: float = 0.0  # its middle along the row


def lay_out(diagram: Diagram, direction: str = "TB") -> Layout:
    """Returns the positions of a diagram.

    Args:
        diagram: The diagram.
        direction: "TB", "BT", "LR" or "RL": from where to where data flow.
    """
    across = direction in ("LR", "RL")
    inner = [None if box.inner is None else lay_out(box.inner, direction) for box in diagram.boxes]
    sizes = [_size(box, within) for box, within in zip(diagram.boxes, inner, strict=True)]
    rows = _rows(len(diagram.boxes), diagram.arrows)
    spots = [
        _Spot(row, height if across else width, width if across else height)
        for row, (width, height) in zip(rows, sizes, strict=True)
    ]
    chains = _chains(diagram.arrows, spots)
    ordered = _ordered(spots, chains)
    _align(spots, chains, ordered)
    depth = [max(spots[i].deep for i in row) for row in ordered]
    tops = [sum(depth[:i]) + i * _BETWEEN_ROWS for i in range(len(depth))]
    whole_deep = tops[-1] + depth[-1]
    least = min(spot.at - spot.thick / 2 for spot in spots)
    most = max(spot.at + spot.thick / 2 for spot in spots)
    flipped = direction in ("BT", "RL")

    def turned(along: float, down: float) -> Point:
        down = whole_deep - down if flipped else down
        return (down, along - least) if across else (along - least, down)

    placed = []
    for box, (width, height), spot, within in zip(diagram.boxes, sizes, spots, inner, strict=False):
        x, y = turned(spot.at, tops[spot.row] + depth[spot.row] / 2)
        placed.append(Placed(box, x - width / 2, y - height / 2, width, height, within))
    arrows, bends = [], []
    tracks = _tracks(chains, spots)
    for chain in chains:
        first, last = spots[chain[0]], spots[chain[-1]]
        if chain[0] == chain[-1]:  # a layer that reads itself
            side, middle = first.at + first.thick / 2, tops[first.row] + depth[first.row] / 2
            path = [(side, middle - 8), (side + 18, middle - 8), (side + 18, middle + 8), (side, middle + 8)]
        else:
            down = 1 if last.row > first.row else -1
            path = [(first.at, tops[first.row] + depth[first.row] / 2 + down * first.deep / 2)]
            for i in chain[1:-1]:
                top = tops[spots[i].row]
                path += [(spots[i].at, top), (spots[i].at, top + depth[spots[i].row])][::down]
            path.append((last.at, tops[last.row] + depth[last.row] / 2 - down * last.deep / 2))
        arrows.append([turned(*point) for point in path])
        passing = [tracks.get((min(spots[a].row, spots[b].row), a), 0.5) for a, b in pairwise(chain)]
        bends.append([passing[k // 2] if k % 2 == 0 and k // 2 < len(passing) else 0.5 for k in range(len(path) - 1)])
    loop = 20.0 if any(a == b for a, b in diagram.arrows) else 0.0
    along = most - least + loop
    width, height = (whole_deep, along) if across else (along, whole_deep)
    return Layout(placed, arrows, bends, width, height, across)


def _size(box: Box, inner: Layout | None) -> tuple[float, float]:
    text = max(len(line) for line in (box.title, *box.lines)) * CHARACTER + 2 * PADDING
    height = LINE * (1 + len(box.lines)) + (PADDING if box.lines else PADDING / 2)
    if inner is None:
        return text, height
    return max(text, inner.width + 2 * PADDING), height + inner.height + 2 * PADDING


def _rows(count: int, arrows: list[tuple[int, int]]) -> list[int]:
    """Returns the row of each box: below all that it reads; arrows that would close a circle do not count."""
    readers: list[list[int]] = [[] for _ in range(count)]
    for source, target in arrows:
        readers[source].append(target)
    state, finished = [0] * count, []
    back: set[tuple[int, int]] = set()
    for start in range(count):
        stack = [(start, iter(readers[start]))] if state[start] == 0 else []
        while stack:
            node, ahead = stack[-1]
            state[node] = 1
            for target in ahead:
                if state[target] == 1:
                    back.add((node, target))
                elif state[target] == 0:
                    stack.append((target, iter(readers[target])))
                    break
            else:
                state[node] = 2
                finished.append(stack.pop()[0])
    row = [0] * count
    for node in reversed(finished):
        for target in readers[node]:
            if (node, target) not in back:
                row[target] = max(row[target], row[node] + 1)
    # What nothing stands above comes down to its first reader, so that its arrows are short.
    fed = {target for source, target in arrows if (source, target) not in back}
    for node in range(count):
        below = [row[target] for target in readers[node] if (node, target) not in back]
        if node not in fed and below:
            row[node] = min(below) - 1
    return row


def _chains(arrows: list[tuple[int, int]], spots: list[_Spot]) -> list[list[int]]:
    """Returns for each arrow the spots that it joins, with a new one in each row between."""
    chains = []
    for source, target in arrows:
        a, b = spots[source].row, spots[target].row
        step = 1 if b > a else -1
        between = []
        for row in range(a + step, b, step):
            between.append(len(spots))
            spots.append(_Spot(row, 10.0, 0.0))
        chains.append([source, *between, target])
    return chains


def _tracks(chains: list[list[int]], spots: list[_Spot]) -> dict[tuple[int, int], float]:
    """Returns where the arrows from each spot bend between two rows, by the upper row and the spot."""
    starts: dict[int, list[int]] = {}
    for chain in chains:
        for a, b in pairwise(chain):
            if abs(spots[a].at - spots[b].at) > 0.5:
                starts.setdefault(min(spots[a].row, spots[b].row), []).append(a)
    found = {}
    for row, spot in starts.items():
        ordered = sorted(set(spot), key=lambda i: spots[i].at)
        for k, i in enumerate(ordered):
            found[row, i] = (k + 1) / (len(ordered) + 1)
    return found


def _neighbors(chains: list[list[int]], count: int) -> list[list[int]]:
    found: list[list[int]] = [[] for _ in range(count)]
    for chain in chains:
        for a, b in pairwise(chain):
            found[a].append(b)
            found[b].append(a)
    return found


def _ordered(spots: list[_Spot], chains: list[list[int]]) -> list[list[int]]:
    """Returns the spots of each row, ordered by the mean place of those that they are joined to."""
    rows: list[list[int]] = [[] for _ in range(1 + max(spot.row for spot in spots))]
    for i, spot in enumerate(spots):
        rows[spot.row].append(i)
    near = _neighbors(chains, len(spots))
    place = {i: float(k) for row in rows for k, i in enumerate(row)}
    for sweep in range(8):
        for row in rows if sweep % 2 == 0 else reversed(rows):
            side = -1 if sweep % 2 == 0 else 1
            means = {}
            for i in row:
                joined = [place[j] for j in near[i] if spots[j].row == spots[i].row + side]
                means[i] = sum(joined) / len(joined) if joined else place[i]
            row.sort(key=lambda i: means[i])
            place.update({i: float(k) for k, i in enumerate(row)})
    return rows


def _align(spots: list[_Spot], chains: list[list[int]], rows: list[list[int]]) -> None:
    """Sets the place of each spot along its row: near those that it is joined to, and apart from its neighbors."""
    near = _neighbors(chains, len(spots))
    for row in rows:
        end = 0.0
        for i in row:
            spots[i].at = end + spots[i].thick / 2
            end += spots[i].thick + _BETWEEN_BOXES
        for i in row:
            spots[i].at -= (end - _BETWEEN_BOXES) / 2
    for sweep in range(25):
        for row in rows if sweep % 2 == 0 else reversed(rows):
            # The last sweep looks up alone: chains hang straight from what stands above them.
            above = [[j for j in near[i] if sweep < 24 or spots[j].row < spots[i].row] for i in row]
            wanted = [_wanted(i, ends, spots) for i, ends in zip(row, above, strict=True)]
            anchors = [k for k, i in enumerate(row) if spots[i].deep]
            if len(anchors) == 1:
                # The only box of a row stays where it wants to be; arrows that pass it make way.
                k = anchors[0]
                after = _apart(row[k:], wanted[k:], spots)
                before = _apart(row[k::-1], [-at for at in wanted[k::-1]], spots)
                found = [-at for at in before[:0:-1]] + after
            else:
                right = _apart(row, wanted, spots)
                left = [-at for at in _apart(row[::-1], [-at for at in wanted[::-1]], spots)][::-1]
                found = [(a + b) / 2 for a, b in zip(right, left, strict=True)]
            for i, at in zip(row, found, strict=True):
                spots[i].at = at


def _wanted(spot: int, near: list[int], spots: list[_Spot]) -> float:
    """Returns the mean place of the boxes that a box is joined to; of all it is joined to, where there are none."""
    boxes = [j for j in near if spots[j].deep] if spots[spot].deep else []
    joined = boxes or near
    return sum(spots[j].at for j in joined) / len(joined) if joined else spots[spot].at


def _apart(row: list[int], wanted: list[float], spots: list[_Spot]) -> list[float]:
    """Returns places at or after the wanted ones that leave room between neighbors."""
    found: list[float] = []
    for k, (i, at) in enumerate(zip(row, wanted, strict=True)):
        if k:
            before = row[k - 1]
            at = max(at, found[-1] + (spots[before].thick + spots[i].thick) / 2 + _BETWEEN_BOXES)
        found.append(at)
    return found
