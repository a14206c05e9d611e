//! Model to wire.

use super::*;

/// The spec as a request says it. Rights and members that a manifest does not manage, and that the caller has not
/// filled in from what was observed, are the server's defaults.
///
/// # Errors
/// When a name or a secret stands for nothing.
pub fn write<G: ToGuids>(spec: &Spec, guids: &G) -> Result<wire::Spec, G::Error> {
    Ok(match spec {
        Spec::Folder(folder::Folder { description, portal }) => {
            wire::Spec::Folder(wire::Folder { description: description.clone(), portal: rights(portal.as_ref()) })
        }
        Spec::Package(spec) => wire::Spec::Package(package(spec)),
        Spec::Program(spec) => wire::Spec::Program(program(spec, guids)?),
        Spec::Task(spec) => wire::Spec::Task(task(spec, guids)?),
        Spec::SequentialTask(spec) => wire::Spec::SequentialTask(sequence(spec, guids)?),
        Spec::Collection(spec) => wire::Spec::Collection(collection(spec, guids)?),
        Spec::MaintenanceWindow(spec) => wire::Spec::MaintenanceWindow(window(spec, guids)?),
        Spec::PortalDefaults(portal::PortalDefaults { grants }) => {
            wire::Spec::PortalDefaults(wire::PortalDefaults { grants: grants.as_deref().map(self::grants) })
        }
        Spec::PortalSettings(spec) => wire::Spec::PortalSettings(portal_settings(spec, guids)?),
        Spec::DeliveryPolicy(spec) => wire::Spec::DeliveryPolicy(policy(spec, guids)?),
        Spec::AgentSettings(spec) => wire::Spec::AgentSettings(agent_settings(spec, guids)?),
        Spec::PatchPlugin(spec) => wire::Spec::PatchPlugin(patch_plugin(spec, guids)?),
        Spec::PurgeSettings(spec) => wire::Spec::PurgeSettings(purge_settings(spec)),
    })
}

fn collections<G: ToGuids>(names: &[String], guids: &G) -> Result<Vec<Guid>, G::Error> {
    names.iter().map(|name| guids.collection(name)).collect()
}

fn rights(rights: Option<&portal::PortalRights>) -> wire::Portal {
    match rights {
        None => wire::Portal { inherit: true, grants: Vec::new() },
        Some(portal::PortalRights { inherit, grants }) => {
            wire::Portal { inherit: *inherit, grants: self::grants(grants) }
        }
    }
}

fn grants(grants: &[portal::Grant]) -> Vec<wire::Grant> {
    let grant = |portal::Grant { principal, right }: &portal::Grant| wire::Grant {
        principal: principal.clone(),
        right: *right,
    };
    grants.iter().map(grant).collect()
}

fn package(spec: &package::Package) -> wire::Package {
    let package::Package {
        description,
        publisher,
        version,
        language,
        source,
        delete_unused_after,
        agent_display_name,
        agent_display_description,
        verbose_status_events,
        alternate_download_folder,
        package_servers,
        package_server_folder,
        programs: _, // Items of their own (PRG-13).
    } = spec;
    let (assign, names) = match package_servers {
        package::PackageServers::By(package::PackageServersBy::All) => (wire::Assign::All, Vec::new()),
        package::PackageServers::By(package::PackageServersBy::Automatic) => (wire::Assign::Automatic, Vec::new()),
        package::PackageServers::Servers(list) => (wire::Assign::Servers, list.servers.clone()),
        package::PackageServers::Sites(list) => (wire::Assign::Sites, list.sites.clone()),
    };
    wire::Package {
        description: description.clone(),
        publisher: publisher.clone(),
        version: version.clone(),
        language: language.clone(),
        source: match source {
            package::Source::None(_) => wire::Source::None,
            package::Source::Local(source) => wire::Source::Local { path: source.local.clone() },
            package::Source::Unc(source) => wire::Source::Unc { path: source.unc.clone() },
            package::Source::Url(source) => {
                wire::Source::Url { url: source.url.clone(), directory: source.directory.clone() }
            }
        },
        delete_unused_after_minutes: minutes(*delete_unused_after),
        agent_display_name: agent_display_name.clone(),
        agent_display_description: agent_display_description.clone(),
        verbose_status_events: *verbose_status_events,
        alternate_download_folder: alternate_download_folder.clone(),
        package_servers: wire::PackageServers { assign, names },
        package_server_folder: package_server_folder.clone(),
    }
}

fn program<G: ToGuids>(spec: &package::Program, guids: &G) -> Result<wire::Program, G::Error> {
    let package::Program {
        name: _, // The item's own name, GUID and former names.
        guid: _,
        aliases: _,
        description,
        command_line,
        working_directory,
        success_codes,
        failure_codes,
        estimated_disk_space_kb,
        estimated_run_time,
        max_run_time,
        after_running: package::AfterRunning { action, defer_up_to, force_close },
        starting_window,
        run_with,
        can_run,
        user_input_required,
        exits_early,
        run_once_for,
        network: package::Network { required, minimum_speed_kbps },
        portal,
    } = spec;
    Ok(wire::Program {
        description: description.clone(),
        command_line: command_line.clone(),
        working_directory: working_directory.clone(),
        success_codes: success_codes.clone(),
        failure_codes: failure_codes.clone(),
        estimated_disk_space_kb: *estimated_disk_space_kb,
        estimated_run_time_seconds: estimated_run_time.as_seconds(),
        max_run_time_minutes: max_run_time.limit().map(minutes), // PRG-3
        after_running: wire::AfterRunning {
            action: *action,
            defer_minutes: minutes(*defer_up_to),
            force_close: *force_close,
        },
        starting_window: *starting_window,
        run_with: match run_with {
            package::RunWith::Built(package::RunWithBuilt::System) => wire::RunWith::System,
            package::RunWith::Built(package::RunWithBuilt::LoggedOnUser) => wire::RunWith::LoggedOnUser,
            package::RunWith::Account(package::RunWithAccount { account, password_from }) => wire::RunWith::Account {
                account: account.clone(),
                password: password_from.as_ref().map(|reference| guids.password(reference)).transpose()?,
                password_set: None,
                password_mark: password_from.as_ref().and_then(|reference| guids.mark(account, reference)),
            },
        },
        can_run: *can_run,
        user_input_required: *user_input_required,
        exits_early: *exits_early,
        run_once_for: match run_once_for {
            package::RunOnceFor::By(package::RunOnceForBy::Computer) => wire::RunOnceFor::Computer,
            package::RunOnceFor::By(package::RunOnceForBy::EachLoggedOnUser) => wire::RunOnceFor::EachLoggedOnUser,
            package::RunOnceFor::Users(list) => wire::RunOnceFor::Users { users: list.users.clone() },
        },
        network: wire::Network { required: *required, minimum_speed_kbps: *minimum_speed_kbps },
        portal: rights(portal.as_ref()),
    })
}

fn run(run: &task::Run) -> wire::Run {
    match run {
        task::Run::Manual => wire::Run::Manual,
        task::Run::AsSoonAsPossible => wire::Run::AsSoonAsPossible,
        task::Run::Schedule(schedule) => wire::Run::Schedule { schedule: self::schedule(schedule) },
    }
}

fn schedule(schedule: &schedule::Schedule) -> wire::Schedule {
    match schedule {
        schedule::Schedule::At(at) => wire::Schedule::At { at: *at },
        schedule::Schedule::Daily(time) => wire::Schedule::Daily { time: *time },
        schedule::Schedule::Weekly(schedule::Weekly { days, time, every, from }) => {
            wire::Schedule::Weekly { days: days.clone(), time: *time, every: *every, from: *from }
        }
        schedule::Schedule::Monthly(schedule::Monthly { day: on, offset_days, time, every, from }) => {
            let on = match on {
                schedule::MonthDay::Last(schedule::LastDay::Last) => wire::MonthDay::Last,
                schedule::MonthDay::Date(day) => wire::MonthDay::Date { date: day.date },
                schedule::MonthDay::Weekday(day) => wire::MonthDay::Weekday { week: day.week, weekday: day.weekday },
            };
            wire::Schedule::Monthly { on, offset_days: *offset_days, time: *time, every: *every, from: *from }
        }
        schedule::Schedule::Every(schedule::Every { interval, from }) => {
            wire::Schedule::Every { interval_seconds: interval.as_seconds(), from: *from }
        }
    }
}

fn warning(warn: Option<&task::WarnUser>) -> Option<wire::WarnUser> {
    warn.map(|task::WarnUser { defer_up_to }| wire::WarnUser { defer_minutes: minutes(*defer_up_to) })
}

fn availability(task::Availability { from, to, clock }: &task::Availability) -> wire::Availability {
    wire::Availability { from: *from, to: *to, clock: *clock }
}

fn download(download: &task::Download) -> Option<wire::Download> {
    match download {
        task::Download::Defaults(task::DownloadDefaults::AgentDefaults) => None,
        task::Download::Own(task::DownloadOwn { mode, minimum_speed_kbps, as_soon_as_possible, multicast }) => {
            Some(wire::Download {
                mode: *mode,
                minimum_speed_kbps: *minimum_speed_kbps,
                as_soon_as_possible: *as_soon_as_possible,
                multicast: *multicast,
            })
        }
    }
}

fn task<G: ToGuids>(spec: &task::Task, guids: &G) -> Result<wire::Task, G::Error> {
    let task::Task {
        description,
        enabled,
        package,
        program,
        collections,
        priority,
        run,
        run_missed_schedule,
        independent_execution,
        user_can_run,
        user_optional,
        wake_on_lan,
        notify_immediately,
        notify_user,
        warn_user,
        availability,
        remove_after_success,
        agent_display_name,
        agent_display_description,
        verbose_status_events,
        download,
    } = spec;
    Ok(wire::Task {
        description: description.clone(),
        enabled: *enabled,
        package: guids.package(package)?,
        program: guids.program(package, program)?,
        collections: self::collections(collections, guids)?,
        priority: wire::PriorityNumber(*priority),
        run: self::run(run),
        run_missed_schedule: *run_missed_schedule,
        independent_execution: *independent_execution,
        user_can_run: *user_can_run,
        user_optional: *user_optional,
        wake_on_lan: *wake_on_lan,
        notify_immediately: *notify_immediately,
        notify_user: *notify_user,
        warn_user: warning(warn_user.as_ref()),
        availability: self::availability(availability),
        remove_after_success: *remove_after_success,
        agent_display_name: agent_display_name.clone(),
        agent_display_description: agent_display_description.clone(),
        verbose_status_events: *verbose_status_events,
        download: self::download(download),
    })
}

fn sequence<G: ToGuids>(spec: &sequence::SequentialTask, guids: &G) -> Result<wire::SequentialTask, G::Error> {
    let sequence::SequentialTask {
        description,
        enabled,
        collections,
        priority,
        run,
        run_missed_schedule,
        wake_on_lan,
        notify_immediately,
        notify_user,
        warn_user,
        availability,
        remove_after_success,
        agent_display_name,
        agent_display_description,
        verbose_status_events,
        download,
        steps,
        portal,
    } = spec;
    Ok(wire::SequentialTask {
        description: description.clone(),
        enabled: *enabled,
        collections: self::collections(collections, guids)?,
        priority: wire::PriorityNumber(*priority),
        run: self::run(run),
        run_missed_schedule: *run_missed_schedule,
        wake_on_lan: *wake_on_lan,
        notify_immediately: *notify_immediately,
        notify_user: *notify_user,
        warn_user: warning(warn_user.as_ref()),
        availability: self::availability(availability),
        remove_after_success: *remove_after_success,
        agent_display_name: agent_display_name.clone(),
        agent_display_description: agent_display_description.clone(),
        verbose_status_events: *verbose_status_events,
        download: self::download(download),
        steps: steps.iter().map(|step| self::step(step, guids)).collect::<Result<_, _>>()?,
        portal: rights(portal.as_ref()),
    })
}

fn step<G: ToGuids>(step: &sequence::SequenceStep, guids: &G) -> Result<wire::Step, G::Error> {
    let sequence::SequenceStep { package, program, depends_on } = step;
    let dependency = |needed: &sequence::Dependency| wire::Dependency {
        step: needed.step(),
        return_codes: needed.return_codes().to_vec(),
    };
    Ok(wire::Step {
        package: guids.package(package)?,
        program: guids.program(package, program)?,
        depends_on: depends_on.iter().map(dependency).collect(),
    })
}

fn collection<G: ToGuids>(spec: &collection::Collection, guids: &G) -> Result<wire::Collection, G::Error> {
    let collection::Collection { description, query, limited_to, include, exclude, members, auto_update } = spec;
    Ok(wire::Collection {
        description: description.clone(),
        query: query.as_ref().map(|query| match query {
            collection::Query::Sql(text) => wire::Query { language: wire::Language::Sql, text: text.clone() },
            collection::Query::Wql(text) => wire::Query { language: wire::Language::Wql, text: text.clone() },
        }),
        limited_to: limited_to.as_ref().map(|name| guids.collection(name)).transpose()?,
        include: collections(include, guids)?,
        exclude: collections(exclude, guids)?,
        members: members.clone().unwrap_or_default(),
        auto_update: *auto_update,
    })
}

fn window<G: ToGuids>(spec: &window::MaintenanceWindow, guids: &G) -> Result<wire::MaintenanceWindow, G::Error> {
    let window::MaintenanceWindow { description, enabled, collections, schedule, duration, applies_to, clock } = spec;
    Ok(wire::MaintenanceWindow {
        description: description.clone(),
        enabled: *enabled,
        collections: self::collections(collections, guids)?,
        schedule: self::schedule(schedule),
        duration_minutes: minutes(*duration),
        applies_to: *applies_to,
        clock: *clock,
    })
}

fn portal_settings<G: ToGuids>(spec: &portal::PortalSettings, guids: &G) -> Result<wire::PortalSettings, G::Error> {
    let portal::PortalSettings { description, enabled, collections, start_menu_link, agent_menu_link, max_per_request } =
        spec;
    Ok(wire::PortalSettings {
        description: description.clone(),
        enabled: *enabled,
        collections: self::collections(collections, guids)?,
        start_menu_link: *start_menu_link,
        agent_menu_link: *agent_menu_link,
        max_per_request: *max_per_request,
    })
}

fn policy<G: ToGuids>(spec: &delivery_policy::DeliveryPolicy, guids: &G) -> Result<wire::DeliveryPolicy, G::Error> {
    let delivery_policy::DeliveryPolicy {
        description,
        enabled,
        collections,
        resources,
        compliance,
        remediation,
        user_can_run,
        user_must_run,
        prompt_user,
        defer_up_to,
        wake_on_lan,
    } = spec;
    Ok(wire::DeliveryPolicy {
        description: description.clone(),
        enabled: *enabled,
        collections: self::collections(collections, guids)?,
        resources: resources.iter().map(|resource| self::resource(resource, guids)).collect::<Result<_, _>>()?,
        compliance: compliance.as_ref().map(schedule),
        remediation: match remediation {
            delivery_policy::Remediation::Immediately => wire::Remediation::Immediately,
            delivery_policy::Remediation::MaintenanceWindow => wire::Remediation::MaintenanceWindow,
            delivery_policy::Remediation::Schedule(at) => wire::Remediation::Schedule { schedule: schedule(at) },
        },
        user_can_run: *user_can_run,
        user_must_run: *user_must_run,
        prompt_user: *prompt_user,
        defer_minutes: minutes(*defer_up_to),
        wake_on_lan: *wake_on_lan,
    })
}

fn resource<G: ToGuids>(resource: &delivery_policy::PolicyResource, guids: &G) -> Result<wire::Resource, G::Error> {
    let delivery_policy::PolicyResource { package, program, on_success, on_failure } = resource;
    let delivery_policy::ResultAction { action, defer_up_to, countdown, force_close } = on_success;
    Ok(wire::Resource {
        package: guids.package(package)?,
        program: guids.program(package, program)?,
        on_success: wire::OnSuccess {
            action: *action,
            defer_minutes: minutes(*defer_up_to),
            countdown_seconds: countdown.map(Duration::as_seconds),
            force_close: *force_close,
        },
        on_failure: *on_failure,
    })
}

fn agent_settings<G: ToGuids>(
    spec: &agent_settings::AgentSettings,
    guids: &G,
) -> Result<wire::AgentSettings, G::Error> {
    let agent_settings::AgentSettings {
        description,
        enabled,
        collections,
        configuration_interval,
        notify_in_advance,
        show_popups,
        show_tray_icon,
        disregard_post_run_action,
        multicast,
        minimum_speed_kbps,
        blockouts,
    } = spec;
    let blockout =
        |agent_settings::Blockout { from, duration, blocks, spread }: &agent_settings::Blockout| wire::Blockout {
            from: *from,
            duration_seconds: duration.as_seconds(),
            blocks: *blocks,
            spread_seconds: spread.as_seconds(),
        };
    Ok(wire::AgentSettings {
        description: description.clone(),
        enabled: *enabled,
        collections: self::collections(collections, guids)?,
        configuration_interval_seconds: configuration_interval.as_seconds(),
        notify_in_advance_seconds: notify_in_advance.as_seconds(),
        show_popups: *show_popups,
        show_tray_icon: *show_tray_icon,
        disregard_post_run_action: *disregard_post_run_action,
        multicast: *multicast,
        minimum_speed_kbps: *minimum_speed_kbps,
        blockouts: blockouts.iter().map(blockout).collect(),
    })
}

fn patch_plugin<G: ToGuids>(spec: &patch::PatchPlugin, guids: &G) -> Result<wire::PatchPlugin, G::Error> {
    let patch::PatchPlugin { description, enabled, collections, scan, install_plugin } = spec;
    Ok(wire::PatchPlugin {
        description: description.clone(),
        enabled: *enabled,
        collections: self::collections(collections, guids)?,
        scan: scan.as_ref().map(schedule),
        install_plugin: *install_plugin,
    })
}

fn purge_settings(spec: &purge::PurgeSettings) -> wire::PurgeSettings {
    let purge::PurgeSettings {
        enabled,
        daily,
        executions,
        package_events,
        status_events,
        sequence_status,
        unused_sequence_entries,
        unused_portal_requests,
    } = spec;
    let retention = |purge::Retention { older_than, maximum_rows }: &purge::Retention| wire::Retention {
        older_than_seconds: older_than.map(Duration::as_seconds),
        maximum_rows: *maximum_rows,
    };
    wire::PurgeSettings {
        enabled: *enabled,
        daily: *daily,
        executions: retention(executions),
        package_events: retention(package_events),
        status_events: retention(status_events),
        sequence_status: retention(sequence_status),
        unused_sequence_entries_seconds: unused_sequence_entries.map(Duration::as_seconds),
        unused_portal_requests_seconds: unused_portal_requests.map(Duration::as_seconds),
    }
}
