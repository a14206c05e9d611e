//! Of packages.

use super::Example;

pub(super) const ALL: &[Example] = &[
    Example {
        id: "PKG-1",
        before: "\
kind: Package
metadata: {name: Firefox}
spec:
  version: 24.10
  source: {unc: '\\\\files\\packages\\firefox'}
",
        after: "\
kind: Package
metadata: {name: Firefox}
spec:
  version: '24.10'
  source: {unc: '\\\\files\\packages\\firefox'}
",
    },
    Example {
        id: "PKG-2",
        before: "\
kind: Package
metadata: {name: Firefox}
spec:
  source: {unc: //files/packages/firefox}
",
        after: "\
kind: Package
metadata: {name: Firefox}
spec:
  source: {unc: '\\\\files\\packages\\firefox'}
",
    },
    Example {
        id: "PKG-3",
        before: "\
kind: Task
metadata: {name: Install 7-Zip}
spec:
  package: 7-Zip
  program: Configure
  collections: [Desktops]
",
        after: "\
kind: Task
metadata: {name: Install 7-Zip}
spec:
  package: 7-Zip
  program: Configure
  collections: [Computers without 7-Zip]
",
    },
    Example {
        id: "PKG-4",
        before: "\
kind: Package
metadata: {name: Firefox}
spec:
  source: {none: {}}
  alternateDownloadFolder: C:\\Tools\\Firefox
",
        after: "\
kind: Package
metadata: {name: Firefox}
spec:
  source: {unc: '\\\\files\\packages\\firefox'}
  alternateDownloadFolder: C:\\Tools\\Firefox
",
    },
    Example {
        id: "PKG-5",
        before: "\
kind: Package
metadata: {name: Firefox}
spec:
  source: {unc: '\\\\files\\packages\\firefox'}
  verboseStatusEvents: false
  programs:
    - {name: Install, commandLine: setup.exe /S}
---
apiVersion: consign/v1
kind: Task
metadata: {name: Install Firefox}
spec:
  package: Firefox
  program: Install
  collections: [Computers without 7-Zip]
",
        after: "\
kind: Package
metadata: {name: Firefox}
spec:
  source: {unc: '\\\\files\\packages\\firefox'}
  programs:
    - {name: Install, commandLine: setup.exe /S}
---
apiVersion: consign/v1
kind: Task
metadata: {name: Install Firefox}
spec:
  package: Firefox
  program: Install
  collections: [Computers without 7-Zip]
",
    },
    Example {
        id: "PKG-8",
        before: "\
kind: Task
metadata: {name: Install Firefox}
spec:
  package: Firefox
  program: Install
",
        after: "\
kind: Task
metadata: {name: Install 7-Zip}
spec:
  package: 7-Zip
  program: Configure
",
    },
];
