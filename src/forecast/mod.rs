//! Many computers over simulated time: who runs what, when, and what never runs. Seedless: same in, same out.
