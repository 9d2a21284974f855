"""Write `webclient/src/ui/phone/countries.ts`: dial codes, and how mobile numbers are grouped when written.

Run it after an update of `phonenumbers`, which the server reads numbers with:

    python -m tools.gen_countries
"""

import re
from collections.abc import Iterator

import phonenumbers
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from tools.environment import ROOT

FILE = ROOT / "webclient" / "src" / "ui" / "phone" / "countries.ts"
HEAD = """\
/**
 * Countries as `ISO dial-code:digits of each group of a mobile number:fewest digits`, the first of those that share a
 * code being the one meant by it alone. Written by tools/gen_countries.py.
 */
export const table: string =
"""
WIDTH = 112


def rows() -> Iterator[str]:
    """One entry for each country: `GB44:46:10`."""
    for code, regions in sorted(phonenumbers.COUNTRY_CODE_TO_REGION_CODE.items()):
        for region in (one for one in regions if one.isalpha()):
            number = phonenumbers.example_number_for_type(region, PhoneNumberType.MOBILE)
            number = number or phonenumbers.example_number(region)
            metadata = phonenumbers.PhoneMetadata.metadata_for_region(region)
            if number is None or metadata is None:
                continue
            written = phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL).split(" ", 1)[1]
            groups = "".join(str(len(group)) for group in re.findall(r"\d+", written))
            kinds = (metadata.mobile, metadata.general_desc)
            lengths = next(kind.possible_length for kind in kinds if kind and max(kind.possible_length, default=0) > 0)
            yield f"{region}{code}:{groups}:{min(lengths)}"


def main() -> None:
    """Write the file."""
    lines = [""]
    for row in rows():
        if len(lines[-1]) + len(row) > WIDTH:
            lines.append("")
        lines[-1] += f"{row} "
    lines[-1] = lines[-1].rstrip()
    text = " +\n".join(f"  '{line}'" for line in lines)
    FILE.write_text(f"{HEAD}{text};\n", encoding="utf-8")


if __name__ == "__main__":
    main()
