//! Lists the files of `examples/tour`, which `consign demo` carries with it.
#![allow(clippy::disallowed_methods, clippy::disallowed_macros, reason = "a build script reads and prints for cargo")]

use std::fmt::Write;
use std::path::Path;
use std::path::PathBuf;

fn main() {
    let root = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it")).join("examples/tour");
    println!("cargo::rerun-if-changed={}", root.display());
    let mut files = Vec::new();
    collect(&root, &mut files);
    files.sort();
    let mut text = String::from("[\n");
    for file in files {
        let name = file.strip_prefix(&root).expect("it was found below the root").to_string_lossy().replace('\\', "/");
        writeln!(text, "    ({name:?}, include_str!({:?})),", file.display().to_string()).expect("a string takes it");
    }
    text.push_str("]\n");
    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets it")).join("tour.rs");
    std::fs::write(out, text).expect("the build directory is writable");
}

fn collect(directory: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(directory).expect("examples/tour is part of the crate") {
        let path = entry.expect("a directory can be listed").path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|ending| ending == "yaml" || ending == "yml") {
            files.push(path);
        }
    }
}
