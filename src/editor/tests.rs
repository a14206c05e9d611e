//! Names, renames, completion and fixes over small projects.
