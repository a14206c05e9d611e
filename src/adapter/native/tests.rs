mod converts;
mod fleets;
mod lowers;
mod streams;
mod talks;
