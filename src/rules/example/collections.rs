//! Of collections.

use super::Example;

pub(super) const ALL: &[Example] = &[Example {
    id: "COL-1",
    before: "\
kind: Collection
metadata: {name: Kiosks}
spec:
  include: [Kiosks]
",
    after: "\
kind: Collection
metadata: {name: Kiosks}
spec:
  include: [Desktops]
",
}];
