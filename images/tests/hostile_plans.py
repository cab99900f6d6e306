"""Plans of hostile size, depth and numbers, by their fault."""

from images.jobs.plan.parsing.json_text import MAX_BYTES


def repeat(part: str, before: str = "[", after: str = "]") -> str:
    """Repeat the part until the text has the largest allowed length."""
    count = (MAX_BYTES - len(before) - len(after)) // (len(part) + 1)
    return before + ",".join([part] * count) + after


def number_names(before: str, after: str, count: int) -> str:
    return before + ",".join(f'"{name:x}":0' for name in range(count)) + after


IN_METADATA = '{"channels":["a"],"metadata":{"x":['

HOSTILE_PLANS = {
    "ten million characters": "x" * 10_000_000,
    "a string of all a text may hold": '"' + "a" * (MAX_BYTES - 2) + '"',
    "a name of all a text may hold": '{"' + "a" * (MAX_BYTES - 6) + '":0}',
    "escapes": '"' + "\\u0041" * (MAX_BYTES // 6 - 1) + '"',
    "spaces": " " * (MAX_BYTES - 2) + "{}",
    "lines, and then a wrong value": '{"channels":[' + "\n" * (MAX_BYTES - 30) + "-1]}",
    "lists in each other": "[" * MAX_BYTES,
    "objects in each other": '{"a":' * (MAX_BYTES // 5),
    "metadata nine hundred deep": '{"channels":["a"],"metadata":' + '{"a":' * 900 + "0" + "}" * 901,
    "empty objects": repeat("{}"),
    "empty lists": repeat("[]"),
    "digits": repeat("0"),
    "texts": repeat('""'),
    "objects in metadata": repeat("{}", IN_METADATA, "]}}"),
    "just too many parts in metadata": IN_METADATA + ",".join(["0"] * 20_000) + "]}}",
    "names": number_names("{", "}", 25_000),
    "names in metadata": number_names('{"channels":["a"],"metadata":{', "}}", 25_000),
    "names, and the last one twice": number_names("{", ',"last":0,"last":0}', 25_000),
    "as many names as are possible, and the last one twice": number_names("{", ',"last":0,"last":0}', 19_900),
    "names in many objects, and one twice": IN_METADATA + '{"x":0},' * 13_000 + '{"x":0,"x":1}]}}',
    "as many names as are possible, and no number": number_names(
        '{"channels":["a"],"metadata":{', ',"y":NaN}}', 19_900
    ),
    "a digit of all a text may hold": "9" * MAX_BYTES,
    "many digits, many times": repeat("9" * 4_000),
    "decimals": "0." + "9" * (MAX_BYTES - 2),
    "a long duration": '{"time_plan":{"interval":"' + "1" * (MAX_BYTES - 60) + '","loops":2}}',
    "as many positions as are possible, the last one wrong": '{"stage_positions":['
    + ",".join(['{"x":0,"y":0}'] * 999)
    + ',{"x":"a"}]}',
    "as many planes as are possible, the last one wrong": '{"z_plan":{"absolute":[' + "0.1," * 9_999 + '"a"]}}',
    "1e12 loops": '{"time_plan":{"interval":1,"loops":1000000000000}}',
    "1e12 time points": '{"time_plan":{"interval":0.001,"duration":1e9}}',
    "1e12 planes": '{"z_plan":{"range":1e9,"step":1e-3}}',
    "1e9 planes": '{"z_plan":{"range":1e6,"step":1e-3}}',
    "1e10 slots": '{"time_plan":{"interval":1,"loops":1000000},"z_plan":{"range":9999,"step":1}}',
    "no number": '{"time_plan":{"interval":1e999,"loops":2}}',
    "as large as numbers are": '{"z_plan":{"top":1.7e308,"bottom":-1.7e308,"step":5e-324}}',
}

LARGE_PLANS = {
    "all positions": '{"stage_positions":[' + ",".join(f'{{"x":{x},"y":0,"z":1.5}}' for x in range(1_000)) + "]}",
    "all planes": '{"z_plan":{"absolute":[' + ",".join(f"{z / 10}" for z in range(10_000)) + "]}}",
    "all parts": number_names('{"channels":["a","b","c","d"],"metadata":{', "}}", 19_900),
    "all phases": '{"time_plan":[' + ",".join(['{"interval":1,"loops":100}'] * 100) + "]}",
    "all slots": '{"time_plan":{"interval":0.5,"loops":100000},"channels":["a","b"],"z_plan":{"range":49,"step":1}}',
}
