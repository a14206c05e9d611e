mod converts;
mod lowers;
mod streams;
mod talks;
