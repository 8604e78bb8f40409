"""checklist.md names a test for each thing a plug has to show: each of them is there and runs.

A test runs when it stands in the table of a program that ctest knows; one that is written and does
not stand there does not compile."""

import pathlib
import re
import sys

HERE = pathlib.Path(__file__).parent
NUMBERS = [str(i) for i in range(1, 11)] + [f"F{i}" for i in range(1, 31)]


def rows():
    for line in (HERE / "checklist.md").read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("|") and cells[0] != "no" and set(cells[0]) != {"-"}:
            yield cells


def wrong(row):
    if len(row) != 4:
        return "is no row of four"
    name, where = row[2:]
    program = HERE / f"{where}_test.c"
    known = (HERE / "CMakeLists.txt").read_text()
    if not program.exists() or not re.search(rf"(\b|firmware_){where}(_test)?\b", known):
        return f"names {where}, which is no program of tests"
    if not re.search(rf"\b{name}\b", program.read_text().partition("\nint main(void)")[2]):
        return f"names {name}, which {where} does not run"
    return None


def main():
    table = list(rows())
    faults = [f"{' | '.join(row)}: {wrong(row)}" for row in table if wrong(row)]
    faults += [f"{n} has no row" for n in NUMBERS if n not in [row[0] for row in table]]
    print("\n".join(faults + [f"{len(table)} rows, {len(faults)} faults"]))
    return 1 if faults else 0


sys.exit(main())
