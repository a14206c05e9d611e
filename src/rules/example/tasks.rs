//! Of tasks, sequential tasks and policies.

use super::Example;

pub(super) const ALL: &[Example] = &[
    Example {
        id: "TSK-1",
        before: "\
kind: Task
metadata: {name: 'Software Request : 7-Zip'}
spec:
  package: 7-Zip
  program: Configure
  collections: [Computers without 7-Zip]
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
        id: "TSK-2",
        before: "\
kind: Task
metadata: {name: Install 7-Zip}
spec:
  package: 7-Zip
  program: Configure
  collections: [Computers without 7-Zip]
  priority: urgent
",
        after: "\
kind: Task
metadata: {name: Install 7-Zip}
spec:
  package: 7-Zip
  program: Configure
  collections: [Computers without 7-Zip]
  priority: veryHigh
",
    },
    Example {
        id: "TSK-3",
        before: "\
kind: Task
metadata: {name: Install 7-Zip}
spec:
  package: 7-Zip
  program: Instal
  collections: [Computers without 7-Zip]
",
        after: "\
kind: Task
metadata: {name: Install 7-Zip}
spec:
  package: 7-Zip
  program: Install
  collections: [Computers without 7-Zip]
",
    },
    Example {
        id: "TSK-6",
        before: "\
kind: Task
metadata: {name: Install 7-Zip}
spec:
  package: 7-Zip
  program: Configure
  collections: [Computers without 7-Zip]
  run: {schedule: {daily: '02:30'}}
  wakeOnLan: true
",
        after: "\
kind: Task
metadata: {name: Install 7-Zip}
spec:
  package: 7-Zip
  program: Configure
  collections: [Computers without 7-Zip]
  run: {schedule: {daily: '02:30'}}
  # consign: allow TSK-6 because one computer of each subnet is always on
  wakeOnLan: true
",
    },
    Example {
        id: "TSK-8",
        before: "\
kind: Task
metadata: {name: Install 7-Zip}
spec:
  package: 7-Zip
  program: Configure
  collections: [Computers without 7-Zip]
  warnUser: {deferUpTo: 2m}
",
        after: "\
kind: Task
metadata: {name: Install 7-Zip}
spec:
  package: 7-Zip
  program: Configure
  collections: [Computers without 7-Zip]
  warnUser: {deferUpTo: 1h}
",
    },
    Example {
        id: "TSK-9",
        before: "\
kind: AgentSettings
metadata: {name: Kiosks}
spec:
  collections: [Computers without 7-Zip]
  notifyInAdvance: 2h
",
        after: "\
kind: AgentSettings
metadata: {name: Kiosks}
spec:
  collections: [Computers without 7-Zip]
  notifyInAdvance: 15m
",
    },
    Example {
        id: "TSK-12",
        before: "\
kind: Task
metadata: {name: Upgrade the inventory agent}
spec:
  package: 7-Zip
  program: Configure
  collections: [Computers without 7-Zip]
  run: asSoonAsPossible
",
        after: "\
kind: Task
metadata: {name: Upgrade the inventory agent}
spec:
  package: 7-Zip
  program: Configure
  collections: [Computers without 7-Zip]
  run: {schedule: {daily: '12:00'}}
",
    },
    Example {
        id: "SEQ-3",
        before: "\
kind: SequentialTask
metadata: {name: New desktop}
spec:
  collections: [Computers without 7-Zip]
  steps:
    - {package: 7-Zip, program: Configure, dependsOn: [2]}
    - {package: 7-Zip, program: Install}
",
        after: "\
kind: SequentialTask
metadata: {name: New desktop}
spec:
  collections: [Computers without 7-Zip]
  steps:
    - {package: 7-Zip, program: Install}
    - {package: 7-Zip, program: Configure, dependsOn: [1]}
",
    },
    Example {
        id: "SEQ-5",
        before: "\
kind: SequentialTask
metadata: {name: New desktop}
spec:
  collections: [Computers without 7-Zip]
  steps:
    - {package: 7-Zip, program: Reset}
    - {package: 7-Zip, program: Configure}
",
        after: "\
kind: SequentialTask
metadata: {name: New desktop}
spec:
  collections: [Computers without 7-Zip]
  steps:
    - {package: 7-Zip, program: Configure}
",
    },
    Example {
        id: "SEQ-9",
        before: "\
kind: Task
metadata: {name: Bring the agent of SP1}
spec:
  package: Task Synchronization Agent SP1
  program: Install
  collections: [Computers without 7-Zip]
  run: {schedule: {daily: '12:00'}}
",
        after: "\
kind: Task
metadata: {name: Bring the agent of SP1}
spec:
  package: Task Synchronization Agent SP1
  program: Install
  collections: [Computers without 7-Zip]
  enabled: false
  run: {schedule: {daily: '12:00'}}
",
    },
    Example {
        id: "RST-3",
        before: "\
kind: DeliveryPolicy
metadata: {name: Base software}
spec:
  collections: [Desktops]
  resources:
    - {package: 7-Zip, program: Configure, onSuccess: {action: restart}}
",
        after: "\
kind: DeliveryPolicy
metadata: {name: Base software}
spec:
  collections: [Desktops]
  resources:
    - {package: 7-Zip, program: Configure, onSuccess: {action: restart}}
  compliance: {daily: '12:00'}
",
    },
];
