//! The Python blocks of COMPARE.md run, where Python is installed.

use std::process::Command;

#[test]
fn the_python_side_runs() {
    let newer = Command::new("python3")
        .args(["-c", "import sys; sys.exit(sys.version_info < (3, 11))"])
        .status();
    if !newer.is_ok_and(|status| status.success()) {
        assert!(
            std::env::var_os("LIFESPAN_REQUIRE_PYTHON").is_none(),
            "Python 3.11 is missing"
        );
        eprintln!("skipped: Python 3.11 or newer is not installed");
        return;
    }
    let blocks: Vec<_> = include_str!("../../COMPARE.md").split("```python\n").skip(1).collect();
    assert!(blocks.len() > 4);
    for block in blocks {
        let code = block.split("```").next().unwrap();
        let ran = Command::new("python3").args(["-c", code]).output().unwrap();
        assert!(ran.status.success(), "{code}\n{}", String::from_utf8_lossy(&ran.stderr));
        assert!(!ran.stdout.is_empty(), "it prints nothing:\n{code}");
    }
}
