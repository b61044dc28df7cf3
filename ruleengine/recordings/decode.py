"""Lines of text to typed columns, as SQL: what is written where, how a number or a time is read.

No row is dropped here. A value that cannot be read becomes null and is flagged later; nothing is guessed or filled in.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from ruleengine.diagnostics.catalogue import data as faults
from ruleengine.recordings.engine import named, quoted
from ruleengine.recordings.layout import KINDS
from ruleengine.recordings.mapping import EPOCH_EXPONENTS, Mapping, SourceField, Table, TimeField
from ruleengine.recordings.problem import RecordingProblem, line_of
from ruleengine.recordings.sources import Lines

_LINE_BYTES_MAX = 16 << 20
_ALL_BITS = (1 << 128) - 1
_HEX_PAIRS_LOW_FIRST = range(31, 0, -2)


@dataclass(frozen=True, slots=True)
class Decoded:
    """A decoded column: its name, SQL type and expression over the field list `f`."""

    name: str
    type: str
    sql: str


class Fields:
    """Looks source columns up in the field list of one text."""

    def __init__(self, lines: Lines, mapping: Mapping) -> None:
        self._lines = lines
        self._mapping = mapping
        self._place = {name: number for number, name in enumerate(lines.columns, 1)}

    def text(self, column: str) -> str:
        """SQL of a column's text, without blanks around it."""
        if column not in self._place:
            missing = faults.column_not_in_source(line_of(self._lines.origin, 1), column, ", ".join(self._place))
            raise RecordingProblem(missing)
        return f"trim(f[{self._place[column]}])"

    def value(self, source: SourceField, type_: str) -> str:
        """SQL of a field as the given type, null where it cannot be read."""
        text = self.text(source.column)
        if source.pattern is not None:
            text = f"regexp_extract({text}, {quoted(source.pattern)}, 1)"
        if source.values is not None:
            cases = " ".join(f"WHEN {quoted(word)} THEN {quoted(ours)}" for word, ours in source.values.items())
            text = f"CASE {text} {cases} END"
        if type_ == "VARCHAR":
            named = f"nullif({text}, '')"
            return f"{named} || {quoted(source.suffix)}" if source.suffix else named
        if type_ != "DOUBLE":
            return f"TRY_CAST({text} AS {type_})"
        exponent = source.exponent + self._fixed_exponent(source.column)
        # The scale goes into the text as an exponent, so that the one rounding is the correct one.
        scaled = f"{text} || 'e-{exponent}'" if exponent else text
        number = f"CASE WHEN contains({text}, '_') THEN NULL ELSE TRY_CAST({scaled} AS DOUBLE) END"
        return f"abs({number})" if source.absolute else number

    def _fixed_exponent(self, column: str) -> int:
        fixed = self._mapping.fixed_point
        return fixed.exponent if fixed is not None and column in fixed.columns else 0


def lines_sql(lines: Lines, mapping: Mapping, paths: tuple[str, ...]) -> str:
    """SQL that gives `line_no` and the list `f` of field texts for every line that is data.

    `paths`: for JSON lines, the paths that become fields, in order.
    """
    if mapping.format == "parquet":
        fields = ", ".join(_parquet_text(column, mapping) for column in lines.columns)
        source = f"read_parquet({quoted(lines.text)}, file_row_number = true)"
        return f"SELECT file_row_number + 1 AS line_no, [{fields}] AS f FROM {source}"
    numbered = (
        "SELECT row_number() OVER () AS line_no, line FROM read_csv("
        f"{quoted(lines.text)}, delim = chr(30), quote = '', escape = '', header = false, auto_detect = false, "
        f"strict_mode = false, new_line = '\\n', max_line_size = {_LINE_BYTES_MAX}, columns = {{'line': 'VARCHAR'}})"
    )
    if mapping.format == "jsonl":
        fields = ", ".join(f"json_extract_string(line, {quoted(json_path(path))})" for path in paths)
        return f"SELECT line_no, CASE WHEN json_valid(line) THEN [{fields}] END AS f FROM ({numbered}) WHERE line <> ''"
    own_number = "CAST(f[1] AS BIGINT)" if mapping.format == "frames" else "line_no"
    split = f"SELECT line_no, string_split(line, {quoted(lines.delimiter)}) AS f FROM ({numbered}) WHERE line <> ''"
    return f"SELECT {own_number} AS line_no, f FROM ({split}) WHERE line_no > {lines.skip}"


def decoded_columns(mapping: Mapping, table: Table, lines: Lines) -> list[Decoded]:
    """All columns that the table takes from a text, in an order that is the same for every text."""
    fields = Fields(lines, mapping)
    time, time_is_utc = _time_sql(table.time, fields, lines)
    found = [
        Decoded("t", _time_type(table.time), time),
        Decoded("t_is_utc", "BOOLEAN", time_is_utc),
    ]
    if table.received is not None:
        received, received_is_utc = _time_sql(table.received, fields, lines)
        found += [Decoded("r", _time_type(table.received), received), Decoded("r_is_utc", "BOOLEAN", received_is_utc)]
    if table.instrument is not None:
        found.append(Decoded("instrument", "VARCHAR", fields.value(table.instrument, "VARCHAR")))
    idents = [f"coalesce({fields.text(column)}, '')" for column in table.identity]
    found.append(Decoded("ident", "VARCHAR", " || chr(31) || ".join(idents) if idents else "NULL"))
    found.append(Decoded("wrong_columns", "BOOLEAN", f"len(f) <> {len(lines.columns)}"))
    types = column_types(table)
    for name, source in table.columns.items():
        found.append(Decoded(name, types[name], fields.value(source, types[name])))
    if table.payload:
        found.append(Decoded("payload", "VARCHAR", _payload_sql(table, fields)))
    if table.kind == "book":
        found.append(Decoded("gap", "BOOLEAN", f"{fields.text('gap')} = '1'"))
    return found


def column_types(table: Table) -> dict[str, str]:
    """Recorded columns that the table fills from the source, with their SQL types."""
    if table.sides is not None:
        return dict.fromkeys(table.columns, "DOUBLE")
    types: dict[str, str] = {column.name: column.type for column in KINDS[table.kind].columns}
    return {name: types[name] for name in table.columns}


def paths_of(table: Table) -> tuple[str, ...]:
    """Every source column that the table names: for JSON lines these are the fields."""
    sources = [*table.columns.values(), *table.payload.values()]
    if table.instrument is not None:
        sources.append(table.instrument)
    times = [*table.time.columns, *(table.received.columns if table.received else ())]
    named_columns = [*times, *(source.column for source in sources), *table.identity, *table.where]
    return tuple(dict.fromkeys(named_columns))


def where_sql(table: Table, lines: Lines, mapping: Mapping) -> str:
    """SQL of the table's `where`, true where it has none."""
    fields = Fields(lines, mapping)
    return " AND ".join(f"{fields.text(column)} = {quoted(word)}" for column, word in table.where.items()) or "true"


def json_path(path: str) -> str:
    """A dotted path as DuckDB's JSON path.

    >>> json_path("request.order.type")
    '$."request"."order"."type"'
    """
    return "$" + "".join("." + named(part) for part in path.split("."))


def _parquet_text(column: str, mapping: Mapping) -> str:
    fixed = mapping.fixed_point
    if fixed is None or column not in fixed.columns:
        return f"CAST({named(column)} AS VARCHAR)"
    digits = " || ".join(f"substr(hex({named(column)}), {place}, 2)" for place in _HEX_PAIRS_LOW_FIRST)
    # The highest bit is the sign; a bitwise complement gives the size of a negative number without its sign.
    return (
        f"CASE WHEN octet_length({named(column)}) <> 16 THEN NULL "
        f"WHEN get_bit(CAST({named(column)} AS BLOB)::BIT, 120) = 1 "
        f"THEN '-' || CAST({_ALL_BITS}::UHUGEINT - ('0x' || {digits})::UHUGEINT + 1 AS VARCHAR) "
        f"ELSE CAST(('0x' || {digits})::UHUGEINT AS VARCHAR) END"
    )


def _payload_sql(table: Table, fields: Fields) -> str:
    """JSON text of a signal, keys sorted, numbers as numbers, what the source does not say left out."""
    numbers = {"size", "confidence", "leverage", "stop", "target"}
    parts = []
    for name in sorted(table.payload):
        source = table.payload[name]
        text = fields.value(source, "VARCHAR")
        if name in numbers:
            shown = f"CAST({fields.value(source, 'DOUBLE')} AS VARCHAR)"
        else:
            shown = f"CAST(to_json({text}) AS VARCHAR)"
        parts.append(f"{quoted(chr(34) + name + chr(34) + ':')} || {shown}")
    return f"'{{' || array_to_string(list_filter([{', '.join(parts)}], lambda part: part IS NOT NULL), ',') || '}}'"


def _time_type(time: TimeField) -> str:
    """Wide enough for nanoseconds that are called seconds: `plausible.py` tells them, as an overflow could not."""
    return "HUGEINT" if EPOCH_EXPONENTS.get(time.form) else "BIGINT"


def _time_sql(time: TimeField, fields: Fields, lines: Lines) -> tuple[str, str]:
    """SQL of a time in nanoseconds, and of whether it is UTC already (else it is local to the declared zone)."""
    text = " || ' ' || ".join(fields.text(column) for column in time.columns)
    exponent = EPOCH_EXPONENTS.get(time.form)
    if exponent is not None:
        whole = f"TRY_CAST({text} AS BIGINT)"
        # The unit goes into the text as an exponent, so that fractions stay; one with an exponent of its own is whole.
        return (
            f"coalesce(TRY_CAST({text} || 'e{exponent}' AS HUGEINT), {whole}::HUGEINT * {10**exponent})"
            if exponent
            else whole,
            "true",
        )
    if time.form == "ms_of_day":
        return f"{_date_ns(time, lines)} + TRY_CAST({text} AS BIGINT) * 1000000", "false"
    if time.form == "pattern":
        assert time.pattern is not None
        return _pattern_sql(text, time.pattern), "false"
    return _iso_sql(text)


def _iso_sql(text: str) -> tuple[str, str]:
    rest = f"substr({text}, 20)"
    seconds = f"epoch_ns(try_strptime(replace(substr({text}, 1, 19), 'T', ' '), '%Y-%m-%d %H:%M:%S'))"
    fraction = _fraction_ns(f"regexp_extract({rest}, '^\\.(\\d+)', 1)")
    offset = f"regexp_extract({rest}, '([+-]\\d\\d(:?\\d\\d)?)$', 1)"
    hours, minutes = f"TRY_CAST(substr({offset}, 2, 2) AS BIGINT)", f"TRY_CAST(right({offset}, 2) AS BIGINT)"
    size = f"({hours} * 60 + CASE WHEN length({offset}) > 3 THEN {minutes} ELSE 0 END) * 60000000000"
    shift = f"CASE WHEN {offset} = '' THEN 0 WHEN {offset}[1] = '-' THEN -({size}) ELSE {size} END"
    is_whole = f"regexp_full_match({rest}, '(\\.\\d{{1,9}})?(Z|[+-]\\d\\d(:?\\d\\d)?)?')"
    return f"CASE WHEN {is_whole} THEN {seconds} + {fraction} - {shift} END", f"regexp_matches({rest}, '(Z|[+-].*)$')"


def _pattern_sql(text: str, pattern: str) -> str:
    if not pattern.endswith(".%f"):
        return f"epoch_ns(try_strptime({text}, {quoted(pattern)}))"
    base = f"regexp_replace({text}, '\\.\\d{{1,9}}$', '')"
    fraction = _fraction_ns(f"regexp_extract({text}, '\\.(\\d{{1,9}})$', 1)")
    return f"epoch_ns(try_strptime({base}, {quoted(pattern.removesuffix('.%f'))})) + {fraction}"


def _fraction_ns(digits: str) -> str:
    return f"CAST(rpad({digits}, 9, '0') AS BIGINT)"


def _date_ns(time: TimeField, lines: Lines) -> str:
    assert time.date_from_name is not None
    found = re.search(time.date_from_name, lines.file_name)
    if found is None:
        raise RecordingProblem(
            faults.input_unreadable(line_of(lines.origin, 1), f"no date in its name ({time.date_from_name})")
        )
    return f"epoch_ns(try_strptime({quoted(found[1])}, '%Y%m%d'))"
