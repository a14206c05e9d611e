"""Which console folder a product goes to. The sources have no such thing: all of this is made up."""

import re

# The first line that matches the product's id, in lower case, decides.
CATEGORIES = [
    ("Backup", r"veeam|duplicati|bacula|jungledisk|server-backup|backup|wd-smartware|nextcloud|owncloud|dropbox|goodsync"
               r"|googledrive|icloud|onedrive|seafile|sparkleshare|cacher"),
    ("Runtimes", r"vcpp|vcredist|msvcruntimes|^dotnet|^aspnet|^microsoft\.net|^jre|^jdk|microsoft-jdk|^corretto|^temurin|adobeair|flashplayer|shockwave|vjredist"
                 r"|codecontracts|webview2|^mono$|vp8-vfw|xvid|ffdshow|haali|msodbc|msoledb|ghostscript|wave-engine"
                 r"|quicktime|kb976932|monogame|sql2014"),
    ("Browsers", r"firefox|^chrome$|googlechrome|chromium|vivaldi|palemoon|waterfox|^edge$|microsoftedge|ietester"),
    ("Databases", r"mysql|mariadb|postgresql|pgadmin|mongodb|dbeaver|omnidb|datagrip|azuredatastudio|influx|sqlserver"),
    ("Monitoring", r"beat$|nsclient|zabbix|check-mk|ossec|osquery|graylog|nxlog|newrelic|nagstamon|salt-minion"
                   r"|octopus|grafana|icecast|check_mk|loganalytics|heartbeat|scaleout"),
    ("Security", r"malware|clamav|clamwin|sandboxie|keepass|bitwarden|1password|lastpass|pass4win|truecrypt|gpg4win|gnupg"
                 r"|gpg|emet|spybot|360ts|spyware|authy|herdprotect|nordlocker|wd-security|simplewall|yubikey|encfs|passware"
                 r"|forensic|autopsy|internet-evidence|bulk_extractor|mimecast|keeweb|privazer|unchecky|pgina|never10|wscc"
                 r"|patchmypc|lockhunter|eraser|bleachbit|truecrypt"),
    ("Remote access", r"teamviewer|anydesk|vnc|openvpn|viscosity|putty|kitty|winscp|filezilla|cyberduck|bitvise|mremote|x2go"
                      r"|pyhoca|parallels|citrix|nordvpn|zerotier|xming|vcxsrv|mikogo|rasclient|wc3270|smartftp"
                      r"|rdp|stunnel|unifiedremote|no-ip|openssh|cwrsync|rsync"),
    ("Network", r"wireshark|nmap|winpcap|advport|adv-port|adv-ip|winmtr|wirelessnet|wnetwatcher|fiddler|hostsman|hostsfile"
                r"|ntp|winhttpcert|curl|tribler|qbittorrent|messageanalyzer|pfsense|sscserv|superputty"),
    ("Web servers", r"iis|webdeploy|urlrewrite|applicationrequest|isapi|webplatform|xampp|wamp|nginx|rabbitmq|jenkins"
                    r"|openfire|erlang|goservice|appveyor-server|barcode-to-pc|bitnami|aspnet-mvc"),
    ("Development", r"python|vcforpython|ruby|perl|rakudo|rust|golang|goland|node|git|svn|mercurial|tortoise|vscode|visualstudio"
                    r"|^vs_|intellij|pycharm|clion|webstorm|jetbrains|datagrip|atom|brackets|npp|notepad|autohotkey|autoit|nsis"
                    r"|inno|wix|orca$|cmake|codeblocks|codelite|julia|haskell|composer|vagrant|docker|wsl|virtualbox|qemu"
                    r"|build-tools|msysgit|sourcetree|deepgit|winmerge|meld|soapui|postman|sharpdevelop|ghostdoc|chocolatey"
                    r"|conemu|powershell|awscli|logparser|nunit|pandoc|graphviz|vim|gedit|bluefish|aptana|swiftforwindows"
                    r"|arduino|scite4|thonny|coq|dilay|poi|juju|drawio|io-ninja|queueexplorer|verysleepy|codecontracts|emacs"
                    r"|positron|xmlspy|ultraedit|grepwin|slickedit|ms-vcpp-2015-build"),
    ("Science", r"^r$|r\.project|rstudio|maxima|octave|pspp|veusz|mendeley|zotero|stellarium|gnucash|freecad|librecad"
                r"|scarm|anyrail|rocrail|tipp10|spss|freemind|heaven|valley|superposition|helio"),
    ("Documents", r"libreoffice|openoffice|adobereader|adobeacrobat|pdf|sumatra|m365|office|onenote|evernote|scribus|calibre"
                  r"|texmaker|texstudio|texworks|texniccenter|writage|wps-|powerbi|jaws|freeplane|xmind|openlp|ghostwriter"
                  r"|focuswriter|quiterss|feeddemon|todour|skitch|cutepdf|tv-browser|free-virtual-keyboard"),
    ("Graphics", r"gimp|inkscape|blender|krita|paint|irfanview|nomacs|imageg|imagecustom|sharex|greenshot|screencloud|lightscreen"
                 r"|pencil|meshmixer|prusa|orcaslicer|sweet-home|icofx|lunacy|djv|svg-explorer|activepresenter|camo"
                 r"|spotlight|bginfo|vcv|picpick|openscad|superslicer"),
    ("Media", r"vlc|audacity|handbrake|mkvtoolnix|mp3tag|mpc-|musicbee|mediamonkey|clementine|winamp|itunes|spotify|plex"
              r"|lightworks|freemake|freevideo|videoder|mixxx|musescore|openmpt|qmmp|tsremux|winff|picard"
              r"|mediainfo|sonarr|radarr|lidarr|readarr|prowlarr|jackett|cdburner|cdrtfe|poweriso|ultraiso|wincdemu|clipgrab"
              r"|gom-player|friture|quodlibet|jubler|persepolis"),
    ("Communication", r"zoom|slack|skype|teams|webex|signal|pidgin|mumble|jitsi|rocketchat|mattermost|viber|trillian|qtox"
                      r"|quassel|hipchat|thunderbird|claws|vsee|google-hangouts|spark$|psi|vacuum-im|sidesync|onionshare"
                      r"|voicebot|gobby|electrum|echo-desktop"),
    ("Games", r"assaultcube|flightgear|freeciv|hedgewars|supertux|secret-maryo|wesnoth|sauerbraten|x-moto|ubisoft"
              r"|enki|plane9|gbm"),
    ("Hardware", r"nvidia|intel-|lenovo|dymo|cpu-z|hwinfo|aida64|crystaldisk|smartmontools|speedfan|tomtom|usbdlm|etcher"
                 r"|win32disk|partition|fslogix|driverbooster|wd-|arduino|qnapi|ubiquiti|ext2fsd|linux-reader"),
]
OTHER = "Tools"


def category(product):
    """The category of a product, by its id."""
    lower = product.lower()
    for name, pattern in CATEGORIES:
        if re.search(pattern, lower):
            return name
    return OTHER


# How the tasks of a category are run: whatever is left out is the default.
DELIVERY = {
    "Backup": {"run": {"schedule": {"weekly": {"days": ["sat"], "time": "03:00"}}}},
    "Runtimes": {"priority": "high"},
    "Browsers": {
        "priority": "high",
        "run": {"schedule": {"weekly": {"days": ["tue", "thu"], "time": "12:15"}}},
        "notifyUser": True,
        "warnUser": {"deferUpTo": "2h"},
    },
    "Databases": {
        "priority": "low",
        "run": {"schedule": {"monthly": {"day": {"week": "second", "weekday": "sat"}, "time": "22:00"}}},
        "runMissedSchedule": False,
    },
    "Monitoring": {"run": {"schedule": {"daily": "02:30"}}, "priority": "high", "removeAfterSuccess": True},
    "Security": {"priority": "veryHigh", "warnUser": {"deferUpTo": "30m"}},
    "Remote access": {"userCanRun": True, "notifyUser": True},
    "Network": {"userCanRun": True},
    "Web servers": {
        "run": {"schedule": {"monthly": {"day": {"week": "second", "weekday": "tue"}, "offsetDays": 5, "time": "03:30"}}},
        "runMissedSchedule": False,
    },
    "Development": {"userCanRun": True, "warnUser": {"deferUpTo": "5h"}},
    "Science": {"run": "manual", "userCanRun": True, "notifyUser": True},
    "Documents": {"run": {"schedule": {"weekly": {"days": ["wed"], "time": "12:30"}}}, "warnUser": {"deferUpTo": "4h"}},
    "Graphics": {"run": {"schedule": {"at": "2026-12-05T20:00"}}, "warnUser": {"deferUpTo": "8h"}},
    "Media": {
        "priority": "low",
        "availability": {"from": "2026-12-01T08:00", "to": "2027-03-31T18:00", "clock": "computer"},
    },
    "Communication": {"run": {"schedule": {"daily": "12:45"}}, "warnUser": {"deferUpTo": "1h"}, "notifyUser": True},
    "Games": {"enabled": False, "priority": "low", "run": "manual"},
    "Hardware": {
        "wakeOnLan": True,
        "run": {"schedule": {"every": {"interval": "14d", "from": "2026-12-06T04:00"}}},
        "download": {"mode": "downloadAndRun", "minimumSpeedKBps": 256, "asSoonAsPossible": True},
    },
    "Tools": {"userCanRun": True},
}

# Who may ask for the newest version of a product on the portal.
PORTAL = {
    "Browsers": (True, [("Staff", "install")]),
    "Documents": (True, [("Staff", "install")]),
    "Development": (True, [("Developers", "install"), ("Staff", "installOnApproval")]),
    "Science": (True, [("Research", "install")]),
    "Graphics": (True, [("Design", "install"), ("Staff", "installOnApproval")]),
    "Games": (False, []),
    "Databases": (False, [("Database Administrators", "install")]),
}

# Role builds: what a new computer gets, by product id and in this order; what these need comes before them.
ROLES = [
    ("Office", "a desk with documents and mail",
     ["7zip", "m365apps-x64", "AdobeAcrobatReaderDC", "MicrosoftEdge", "ZoomMeetings", "teams-new", "keepass"]),
    ("Developer", "a programmer's desktop",
     ["7zip", "git", "tortoisegit", "gitextensions", "vscode-system", "notepadplusplus", "powershell7", "docker-desktop", "powertoys"]),
    ("Java developer", "a desktop for Java",
     ["git", "temurin-jdk21", "intellij-community", "soapui", "dbeaver", "openfire"]),
    ("Web designer", "a desktop for web pages",
     ["Firefox", "GoogleChrome", "InkScape", "gimp", "filezilla", "notepadplusplus", "nodejs"]),
    ("Data scientist", "a desktop for statistics",
     ["python", "r", "rstudio", "julia", "powerbi-desktop", "postgresql16"]),
    ("Network engineer", "a desktop with network tools",
     ["wireshark", "nmap", "putty", "superputty.install", "winscp", "WinPcap", "mremoteng"]),
    ("Database administrator", "a desktop for databases",
     ["mysql.workbench", "pgadmin4", "SQL2014.SMO", "dbeaver", "msodbcsql18", "mongodb.install"]),
    ("Packaging engineer", "a desktop on which installers are made",
     ["InnoSetup", "inno-script-studio", "inno-download-plugin", "nsis.install", "wixtoolset", "orca", "autohotkey.install",
      "scite4autohotkey"]),
    ("Artist", "a desktop for drawing and three dimensions",
     ["blender", "krita", "InkScape", "gimp", "prusaslicer.install", "irfanview", "irfanviewplugins"]),
    ("Sound studio", "a desktop for sound",
     ["audacity", "mixxx", "musescore", "mp3tag", "vlc"]),
    ("Publisher", "a desktop for print",
     ["scribus", "cutepdf", "texmaker", "libreoffice", "calibre", "zotero"]),
    ("Help desk", "a desktop from which others are helped",
     ["keepass", "putty", "winscp", "teamviewer", "sysinternals", "bulk-crap-uninstaller", "itunesfusion"]),
    ("Accessible desk", "a desktop that reads aloud",
     ["JAWS", "Firefox", "libreoffice", "free-virtual-keyboard"]),
    ("Backup server", "a server with Veeam",
     ["veeam-backup-and-replication-server", "veeam-backup-and-replication-console", "veeam-explorer-for-microsoft-exchange",
      "veeam-explorer-for-microsoft-sql-server", "veeam-explorer-for-oracle"]),
    ("Monitored server", "what every server gets",
     ["salt-minion-py3", "zabbix-agent2", "winlogbeat", "nxlog", "osquery", "7zip"]),
    ("Benchmark bench", "a computer that is measured before it goes out",
     ["heaven-benchmark", "valley-benchmark", "superposition-benchmark", "cpu-z.install", "crystaldiskinfo.install", "hwinfo"]),
]
