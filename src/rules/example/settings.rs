//! Of the portal and of maintenance windows.

use super::Example;

pub(super) const ALL: &[Example] = &[
    Example {
        id: "PTL-1",
        before: "\
kind: Folder
metadata: {name: Sequences}
spec:
  portal:
    grants:
      - {principal: OFFICE/Staff, right: install}
",
        after: "\
kind: Folder
metadata: {name: Sequences}
spec:
  portal:
    grants:
      - {principal: 'OFFICE\\Staff', right: install}
",
    },
    Example {
        id: "PTL-2",
        before: "\
kind: Package
metadata: {name: Firefox}
spec:
  source: {unc: '\\\\files\\packages\\firefox'}
  programs:
    - name: Install
      commandLine: setup.exe /S
      portal:
        grants:
          - {principal: 'OFFICE\\Staff', right: installOnApproval}
",
        after: "\
kind: Package
metadata: {name: Firefox}
spec:
  source: {unc: '\\\\files\\packages\\firefox'}
  programs:
    - name: Install
      commandLine: setup.exe /S
      portal:
        inherit: false
        grants:
          - {principal: 'OFFICE\\Staff', right: installOnApproval}
",
    },
    Example {
        id: "PTL-6",
        before: "\
kind: PortalSettings
metadata: {name: Portal}
spec:
  collections: [Computers without the agent]
",
        after: "\
kind: PortalSettings
metadata: {name: Portal}
spec:
  collections: [Desktops]
",
    },
    Example {
        id: "MW-9",
        before: "\
kind: MaintenanceWindow
metadata: {name: Night}
spec:
  collections: [Desktops]
  schedule: {daily: '02:00'}
  duration: 2h
  clock: utc
",
        after: "\
kind: MaintenanceWindow
metadata: {name: Night}
spec:
  collections: [Desktops]
  schedule: {daily: '02:00'}
  duration: 2h
",
    },
];
