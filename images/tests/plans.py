"""Random plans in useq-schema's JSON, as other programs write them, with every form of every supported field."""

from itertools import permutations
from typing import Any

from hypothesis import strategies as st

MICROSECONDS = 1_000_000
names = st.text("abcXYZ 405nm-µ", min_size=1, max_size=8)
coordinates = st.integers(-50_000, 50_000).map(lambda tenths: tenths / 10)


def write_duration(microseconds: int) -> st.SearchStrategy[Any]:
    """Return this duration in a random one of its notations."""
    seconds, rest = divmod(microseconds, MICROSECONDS)
    minutes, hours = seconds // 60, seconds // 3600
    clock = f"{hours}:{minutes % 60:02}:{seconds % 60:02}.{rest:06}"
    return st.sampled_from(
        [
            microseconds / MICROSECONDS,
            clock,
            f"0 days, {clock}",
            f"PT{hours}H{minutes % 60}M{seconds % 60}.{rest:06}S",
            {"minutes": minutes, "seconds": seconds % 60, "microseconds": rest},
        ]
    )


@st.composite
def phases(draw: st.DrawFn) -> dict[str, Any]:
    loops = draw(st.integers(1, 5))
    interval = draw(st.just(0) | st.integers(1_000, 4_000_000_000))
    form = draw(st.sampled_from(["loops", "duration", "spread"]))
    if form == "loops":
        return {"interval": draw(write_duration(interval)), "loops": loops}
    if form == "spread":
        duration = draw(st.just(0) | st.integers(10_000, 4_000_000_000))
        return {"duration": draw(write_duration(duration)), "loops": loops + 1}
    interval = max(interval, 1_000)
    duration = interval * (loops - 1) + draw(st.integers(0, interval - 1))
    return {"interval": draw(write_duration(interval)), "duration": draw(write_duration(duration))}


time_plans = st.one_of(
    phases(),
    st.lists(phases(), min_size=1, max_size=3),
    st.lists(phases(), min_size=1, max_size=3).map(lambda several: {"phases": several}),
)


@st.composite
def even_z_plans(draw: st.DrawFn) -> dict[str, Any]:
    """Z plans whose step divides the range."""
    step = draw(st.integers(1, 4_000)) / 100
    below, above = draw(st.integers(0, 3)), draw(st.integers(0, 3))
    bottom = draw(coordinates)
    return draw(
        st.sampled_from(
            [
                {"bottom": bottom, "top": bottom + step * above, "step": step},
                {"range": step * above, "step": step},
                {"below": step * below, "above": step * above, "step": step},
            ]
        )
    )


listed_z_plans = st.lists(coordinates, min_size=1, max_size=5).flatmap(
    lambda planes: st.sampled_from([{"relative": planes}, {"absolute": planes}])
)
z_plans = st.tuples(even_z_plans() | listed_z_plans, st.sampled_from([{}, {"go_up": True}, {"go_up": False}])).map(
    lambda both: both[0] | both[1]
)
positions = st.fixed_dictionaries(
    {}, optional={"x": coordinates, "y": coordinates, "z": coordinates, "name": names, "sequence": st.none()}
)
channels = names | st.fixed_dictionaries(
    {"config": names},
    optional={"exposure": st.integers(1, 100_000).map(lambda tenths: tenths / 10), "do_stack": st.just(True)},
)
axis_orders = st.sampled_from(["".join(order) for order in permutations("tpgcz")])


@st.composite
def plans(draw: st.DrawFn) -> dict[str, Any]:
    """Plans with at least one axis."""
    parts = draw(
        st.fixed_dictionaries(
            {},
            optional={
                "time_plan": time_plans,
                "stage_positions": st.lists(positions, min_size=1, max_size=3),
                "channels": st.lists(channels, min_size=1, max_size=3),
                "z_plan": z_plans,
            },
        ).filter(bool)
    )
    order = draw(st.none() | axis_orders | axis_orders.map(list))
    return parts | ({"axis_order": order} if order else {})
