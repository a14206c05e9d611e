//! The software portal.

use crate::rules::Act;
use crate::rules::Rule;

/// The family, by number.
pub(super) static ALL: &[&Rule] = &[&PTL_1, &PTL_2, &PTL_3, &PTL_4, &PTL_5, &PTL_6];

/// A portal right is `install` or `installOnApproval`, for one principal.
pub static PTL_1: Rule = Rule {
    id: "PTL-1",
    title: "a portal right is `install` or `installOnApproval`, for one principal",
    source: "SWD 6.1 guide, Software Portal",
    acts: &[Act::Validate, Act::Server],
    explain: "There are two rights on a program or sequential task: *install* is approved beforehand, \
              *installOnApproval* waits for someone. A principal is a user or group `DOMAIN\\NAME`, or the name of a \
              server role, and has one of the two: with both, *install* would hold and the other mislead. List each \
              principal once.",
};

/// An inherited right goes only when inheritance is broken.
pub static PTL_2: Rule = Rule {
    id: "PTL-2",
    title: "an inherited right goes only when inheritance is broken",
    source: "SWD 6.1 guide, Software Portal",
    acts: &[Act::Validate, Act::Consequence, Act::Server],
    explain: "Programs inherit the rights of the programs folder, which `PortalDefaults` describes. Where a principal \
              inherits *install*, a grant of *installOnApproval* on one program takes nothing away from it: the \
              inherited right is enough. Set `inherit: false` on that program and list all its rights, or take the \
              principal out of `PortalDefaults`.",
};

/// A plan says who gains and who loses which right.
pub static PTL_3: Rule = Rule {
    id: "PTL-3",
    title: "a plan says who gains and who loses which right",
    source: "SWD 6.1 guide, Portal Configuration",
    acts: &[Act::Consequence],
    explain: "Rights are compared with inheritance resolved: a grant on the programs folder counts for each \
              program that inherits (PTL-2), and breaking the inheritance of one program takes all of it away \
              there. What a console folder hands down counts for the sequential tasks in it (SEQ-6).",
};

/// A request is delivered to the computer that asked.
pub static PTL_4: Rule = Rule {
    id: "PTL-4",
    title: "a request is delivered to the computer that asked",
    source: "SWD 6.1 guide, Collections and Tasks",
    acts: &[Act::Server],
    explain: "The server makes a hidden task `Software Request : PROGRAM`, as soon as possible, and a collection \
              of one computer. A sequential task is asked for as a whole (SEQ-6): what is made is one with its steps. \
              Nothing of it belongs in a manifest (TSK-1).",
};

/// Requests on approval join one open incident.
pub static PTL_5: Rule = Rule {
    id: "PTL-5",
    title: "requests on approval join one open incident",
    source: "SWD 6.1 guide, Requested Software Requiring Approval",
    acts: &[Act::Server],
    explain: "The first request for a program opens its incident, and later ones join it until somebody opens the \
              approval; then they join another. Who decides ticks names: a request that is not ticked is rejected.",
};

/// Portal settings name computers and allow at least one program.
pub static PTL_6: Rule = Rule {
    id: "PTL-6",
    title: "portal settings name computers and allow at least one program",
    source: "SWD 6.1 guide, Software Portal",
    acts: &[Act::Validate, Act::Lint, Act::Server],
    explain: "The task that shows the portal must target computers, and those must have the software delivery agent: \
              without a collection nobody sees the portal. A request holds at least one program, so `maxPerRequest` is \
              1 or more. A lint says where people would not find it: no link in either menu, or a collection whose \
              name says that the agent is missing there.",
};
