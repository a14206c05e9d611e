//! What holds for every format: nothing is dropped, nothing acts, everything fits, and validators agree.

mod inert;
mod samples;
mod schemas;
mod sizes;
mod whole;
