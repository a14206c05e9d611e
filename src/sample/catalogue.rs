//! What fleets are made of. Versions are newest first.

/// A city where computers are.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct City {
    /// What its computers' names begin with.
    pub code: &'static str,
    /// Its zone.
    pub zone: &'static str,
    /// The domain of its region.
    pub domain: &'static str,
}

const fn city(code: &'static str, zone: &'static str, domain: &'static str, weight: u32) -> (City, u32) {
    (City { code, zone, domain }, weight)
}

/// Cities, with how likely a site lies there. Among the zones are halves and quarters of an hour, both hemispheres, and
/// some without daylight saving.
pub(super) static CITIES: &[(City, u32)] = &[
    city("NYC", "America/New_York", "AMER", 18),
    city("ATL", "America/New_York", "AMER", 9),
    city("CHI", "America/Chicago", "AMER", 12),
    city("DEN", "America/Denver", "AMER", 5),
    city("PHX", "America/Phoenix", "AMER", 3),
    city("LAX", "America/Los_Angeles", "AMER", 10),
    city("YYT", "America/St_Johns", "AMER", 1),
    city("SAO", "America/Sao_Paulo", "AMER", 5),
    city("LON", "Europe/London", "EMEA", 14),
    city("FRA", "Europe/Berlin", "EMEA", 13),
    city("ZRH", "Europe/Zurich", "EMEA", 8),
    city("PAR", "Europe/Paris", "EMEA", 8),
    city("JNB", "Africa/Johannesburg", "EMEA", 3),
    city("DXB", "Asia/Dubai", "EMEA", 3),
    city("BOM", "Asia/Kolkata", "APAC", 10),
    city("KTM", "Asia/Kathmandu", "APAC", 1),
    city("SIN", "Asia/Singapore", "APAC", 6),
    city("TYO", "Asia/Tokyo", "APAC", 7),
    city("SYD", "Australia/Sydney", "APAC", 4),
    city("ADL", "Australia/Adelaide", "APAC", 1),
    city("AKL", "Pacific/Auckland", "APAC", 2),
];

/// Systems of clients: caption and version, and how common they are.
pub(super) static CLIENT_SYSTEMS: &[((&str, &str), u32)] = &[
    (("Microsoft Windows 11 Enterprise", "10.0.26100"), 38),
    (("Microsoft Windows 11 Enterprise", "10.0.22631"), 30),
    (("Microsoft Windows 10 Enterprise", "10.0.19045"), 24),
    (("Microsoft Windows 10 Enterprise LTSC", "10.0.17763"), 3),
    (("macOS", "14.6"), 4),
    (("Ubuntu", "24.04"), 1),
];

/// Systems of servers.
pub(super) static SERVER_SYSTEMS: &[((&str, &str), u32)] = &[
    (("Microsoft Windows Server 2022 Standard", "10.0.20348"), 45),
    (("Microsoft Windows Server 2019 Standard", "10.0.17763"), 32),
    (("Microsoft Windows Server 2016 Standard", "10.0.14393"), 13),
    (("Red Hat Enterprise Linux", "9.4"), 10),
];

/// Models of clients, with their memory in MB.
pub(super) static CLIENT_MODELS: &[((&str, u32), u32)] = &[
    (("Notebook 14 G9", 16_384), 30),
    (("Notebook 14 G8", 16_384), 22),
    (("Notebook 13 Light", 8_192), 12),
    (("Desktop Mini 400", 8_192), 18),
    (("Desktop Tower 600", 16_384), 12),
    (("Workstation Z4", 65_536), 4),
    (("Terminal T1", 4_096), 2),
];

/// Models of servers.
pub(super) static SERVER_MODELS: &[((&str, u32), u32)] =
    &[(("Virtual Platform", 16_384), 70), (("Rack Server R640", 131_072), 22), (("Rack Server R240", 65_536), 8)];

/// Roles of servers, with how many of a hundred have each.
pub(super) static SERVER_ROLES: &[(&str, u32)] = &[
    ("file server", 30),
    ("database server", 22),
    ("web server", 18),
    ("domain controller", 9),
    ("package server", 8),
    ("site server", 3),
];

/// A product.
#[derive(Debug)]
pub(super) struct Product {
    pub name: &'static str,
    /// Newest first.
    pub versions: &'static [&'static str],
    /// On how many of a hundred clients.
    pub clients_percent: u32,
    /// On how many of a hundred servers.
    pub servers_percent: u32,
}

const fn product(name: &'static str, versions: &'static [&'static str], clients: u32, servers: u32) -> Product {
    Product { name, versions, clients_percent: clients, servers_percent: servers }
}

/// Products.
pub(super) static PRODUCTS: &[Product] = &[
    product("Delivery Agent", &["8.7.3", "8.7.2", "8.6.3", "8.5.1"], 98, 97),
    product("Office Suite", &["16.0.18025", "16.0.17928", "16.0.16130", "15.0.5589"], 88, 4),
    product("Web Browser", &["131.0", "130.0", "128.0", "115.0", "102.0"], 95, 60),
    product("PDF Reader", &["24.4", "24.3", "23.8", "20.5"], 82, 8),
    product("Archiver", &["24.08", "23.01", "19.00", "9.20"], 71, 55),
    product("Text Editor", &["8.7.1", "8.6.9", "8.4.2"], 28, 62),
    product("Meeting Client", &["24.11", "24.10", "23.4"], 79, 1),
    product("VPN Client", &["5.1.6", "5.0.5", "4.10.8"], 68, 2),
    product("Endpoint Protection", &["14.3.9", "14.3.8", "12.1.6"], 97, 95),
    product("Java Runtime", &["21.0.5", "17.0.13", "8.0.431", "8.0.281"], 34, 41),
    product("Media Player", &["3.0.21", "3.0.18", "2.2.8"], 31, 3),
    product("Drawing Tool", &["2024.2", "2023.1"], 7, 0),
    product("CAD Viewer", &["2025.0", "2023.4"], 5, 0),
    product("Statistics Package", &["4.4.2", "4.2.1"], 4, 3),
    product("Accounting Client", &["12.5", "12.1", "11.9"], 12, 1),
    product("Label Printer", &["7.4", "7.1"], 6, 2),
    product("Database Client", &["19.24", "19.3", "12.2"], 11, 35),
    product("Backup Agent", &["12.2", "12.1", "11.0"], 9, 88),
    product("Remote Console", &["9.5", "9.3"], 15, 22),
    product("Plug-in Framework", &["4.8.1", "4.8", "4.7.2"], 92, 93),
];
