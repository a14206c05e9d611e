//! Plans that somebody wrote by hand, with a hash that fits: the checker refuses them.
