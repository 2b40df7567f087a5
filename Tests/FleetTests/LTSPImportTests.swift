import Testing
import Wire

@testable import Fleet

@Suite struct LTSPVariableTests {
    /// The variables of lts.conf(5), of LTSP-Cluster, and of files of the field.
    private static let lts = """
        CONFIGURE_FSTAB FSTAB_1 NFS_HOME NFS_HOME_OPTIONS CRONTAB_01 HOSTNAME HOSTNAME_BASE HOSTNAME_EXTRA HOSTS_1
        DNS_SERVER SEARCH_DOMAIN SERVER SERVER_NAME HOST_TO_USERNAME TIMESERVER TIMEZONE HWCLOCK SHUTDOWN_TIME
        SYSLOG_HOST MODULE_01 RCFILE_01 INIT_COMMAND_1 PREINIT_00_TIME KEEP_SYSTEM_SERVICES RM_SYSTEM_SERVICES
        RM_THIN_SYSTEM_SERVICES RM_LOW_RAM_SERVICES RM_RAM_THRESHOLD KEEP_SESSION_SERVICES RM_SESSION_SERVICES
        OVERLAY_DIR LTSP_RW_DIRS LTSP_RW_DIRS_EXTRA LTSP_COPY_DIRS LTSP_COPY_DIRS_EXTRA LTSP_BINDFILES
        LTSP_BINDFILES_EXTRA NET_DEVICE_METHOD LTSCONF LTSP_CONFIG POWER_BUTTON LTSP_FATCLIENT FAT_RAM_THRESHOLD
        DEFAULT_DISPLAY_MANAGER CONSOLE_KEYMAP DISABLE_GETTYS WAIT_FGCONSOLE KERNEL_DEVICE KERNEL_NAME KERNEL_DIR
        INITRD_NAME NBD_SWAP NBD_SWAP_HOST NBD_SWAP_SERVER NBD_SWAP_PORT NBD_SWAP_THRESHOLD USE_LOCAL_SWAP
        ENCRYPT_SWAP COMPCACHE NFS_SWAP SWAP_SERVER SWAP_DIR SWAP_SIZE SCREEN_01 SCREEN_12 SCREEN_DEFAULT
        SCREEN_07_RDP_SERVER MENU_TITLE MENU_ITEM_01 MENU_COMMAND_01 MENU_LISTHEIGHT MENU_APPEND_PATH KIOSK_EXE
        KIOSK_OPTIONS KIOSK_DAEMON KIOSK_WM KIOSKUSER SSH_HOST SSH_USER SSH_ARGS TELNET_HOST TELNET_ARGS RDP_SERVER
        RDP_OPTIONS RDP_DOMAIN RDP_SOUND RDP_DAEMON XDM_SERVER DISABLE_ACCESS_CONTROL USE_XFS XFS_SERVER XFS_PORT
        XINITRC_DAEMON XINITRC_COMMAND_ON_EXIT XINITRC_COMMAND_ON_ERROR XINITRC_ERROR_CODES XINITRC_PROMPT_ON_EXIT
        XINITRC_PROMPT_ON_ERROR LDM_SERVER LDM_AUTOLOGIN LDM_GUESTLOGIN LDM_ALLOW_GUEST LDM_USERNAME LDM_PASSWORD
        LDM_PASSWORD_HASH LDM_GUEST_SERVER LDM_AUTOLOGIN_SERVER LDM_LOGIN_TIMEOUT LDM_TIMEOUT_ENABLED
        LDM_TIMEOUT_TIME LDM_LANGUAGE LDM_FORCE_LANGUAGE LDM_SESSION LDM_FORCE_SESSION LDM_XSESSION
        LDM_DEFAULT_XSESSION LDM_SELECTED_SESSION LDM_THEME LDM_GREETER LDM_WINMANAGER LDM_XCOMPMGR LDM_MENU_ITEM_1
        LDM_NODMPS LDM_NUMLOCK LDM_DIRECTX LDM_SSHOPTIONS SSH_OVERRIDE_PORT NETWORK_COMPRESSION LDM_REMOTECMD
        LDM_DEFAULT_BACKEND LDM_FORCE_BACKEND LDM_LIMIT_ONE_SESSION LDM_LIMIT_ONE_SESSION_PROMPT LDM_USER_ALLOW
        LDM_ALLOW_USER LDM_PRINTER_LIST LDM_PRINTER_DEFAULT LDM_DEBUG LDM_DEBUG_TERMINAL LDM_SYSLOG LDM_LOGLEVEL
        LDM_NOMAD XSERVER X_DRIVER X_CONF CONFIGURE_X CONFIGURE_X_COMMAND X_ARGS X_MODE_0 X_MODE_2 X_HORZSYNC
        X_VERTREFRESH X_COLOR_DEPTH X_SMART_COLOR_DEPTH X_VIRTUAL X_VIRTUAL_AUTO X_VIDEO_RAM X_USE_SYNC_RANGES
        X_RAMPERC X_DISPLAYSIZE X_BLANKING X_OPTION_01 X_MONITOR_OPTION_1 X_MODULE_1 X_MOUSE_DEVICE X_MOUSE_PROTOCOL
        X_MOUSE_EMULATE3BTN X_TOUCH_DEVICE X_TOUCH_DRIVER X_TOUCH_MINX X_TOUCH_MAXX X_TOUCH_MINY X_TOUCH_MAXY
        X_TOUCH_UNDELAY X_TOUCH_RPTDELAY USE_TOUCH X_NUMLOCK XKBLAYOUT XKBMODEL XKBVARIANT XKBOPTIONS XKBRULES
        XRANDR_DISABLE XRANDR_AUTO_MULTIHEAD XRANDR_OUTPUT_0 XRANDR_MODE_0 XRANDR_NEWMODE_0 XRANDR_RATE_0
        XRANDR_ROTATE_0 XRANDR_REFLECT_0 XRANDR_DPI_0 XRANDR_SIZE_0 XRANDR_ORIENTATION_0 XRANDR_COMMAND_0 LOCAL_APPS
        LOCAL_APPS_MENU LOCAL_APPS_MENU_ITEMS LOCAL_APPS_EXTRAMOUNTS LOCAL_APPS_WHITELIST REMOTE_APPS
        REMOTE_APPS_MENU_ITEMS SSH_FOLLOW_SYMLINKS SSH_DISABLE_HARDLINK SSHFS_HOME LOCALDEV LOCALDEV_DENY
        LOCALDEV_DENY_CD LOCALDEV_DENY_FLOPPY LOCALDEV_DENY_INTERNAL_DISKS LOCALDEV_DENY_USB SCANNER CUPS_SERVER
        PRINTER_0_DEVICE PRINTER_2_PORT PRINTER_0_TYPE PRINTER_0_SPEED PRINTER_0_DATABITS PRINTER_0_PARITY
        PRINTER_0_FLOWCTRL PRINTER_0_OPTIONS PRINTER_0_WRITE_ONLY SOUND SOUND_DAEMON VOLUME PCM_VOLUME MIC_VOLUME
        FRONT_VOLUME FRONT_MIC_VOLUME CD_VOLUME HEADPHONE_VOLUME VOLUME_MANUAL UDEV_SEAT_1_SOUND START_ITALC
        CLUSTER_CONFIGURED PXE_CONFIG INVENTORY_NUMBER CC_SERVER PORT ENABLE_SSL INVENTORY TIMEOUT CHECK_CERTIFICATE
        PAGE X_VIDEORAM LOCAL_STORAGE XF86CONFIG_FILE X_HORIZSYNC LANG LIGHTDM_CONF GDM_CONF SMODULE_01 EARLY_MODULE_01
        EARLY_SMODULE_01 NBD_PORT USE_NFS_SWAP NFS_SWAPDIR SWAPFILE_SIZE SOUND_VOL CAPTURE_VOLUME CAPTURE_SWITCH X_FONTS
        X4_MODULE_01 X_DEVICE_OPTION_01 X_BUTTONS X_ZAXIS_MAPPING X_MOUSE_RESOLUTION X_MOUSE_BUTTONS X_MOUSE_BAUD
        X_USBMOUSE_PROTOCOL CLIENT_ENV LANGUAGE LC_ALL NIS_DOMAIN NIS_SERVER LOCAL_WM RUNLEVEL HOTPLUG UNION_TYPE
        UNION_OPTS LTSP_NBD_TO_RAM
        """

    /// The variables of ltsp.conf(5), and those that the scripts read beside them.
    private static let ltsp = """
        ADD_IMAGE_EXCLUDES OMIT_IMAGE_EXCLUDES AUTOLOGIN RELOGIN RELOGIN_TIMEOUT GDM3_CONF LIGHTDM_CONF SDDM_CONF
        SLICK_CONF BASE_DIR HOME_DIR TFTP_DIR CRONTAB_X CUPS_SERVER DEBUG_LOG DEBUG_SHELL LTSP_DEBUG DEFAULT_IMAGE
        KERNEL_PARAMETERS MENU_TIMEOUT IPXE_X86_32_IMG DISABLE_SESSION_SERVICES KEEP_SESSION_SERVICES
        MASK_SESSION_SERVICES DISABLE_SYSTEM_SERVICES KEEP_SYSTEM_SERVICES MASK_SYSTEM_SERVICES DNS_SERVER
        SEARCH_DOMAIN HOSTS_X HOSTNAME FSTAB_X NFS_HOME NFS_TFTP OVERWRITE LOCAL_SWAP IMAGE_TO_RAM INCLUDE MULTISEAT
        UDEV_SEAT_1_X NAT SERVER OMIT_FUNCTIONS LTSP_SKIP_SCRIPTS PASSWORDS_X LTSPDM_USERS PWMERGE_SUR PWMERGE_SGR
        PWMERGE_DUR PWMERGE_DGR POST_INIT_X PRE_INITRD_BOTTOM_X REMOTEAPPS RPI_IMAGE X_DRIVER X_HORIZSYNC X_MODELINE
        X_MODES X_PREFERREDMODE X_VERTREFRESH X_VIRTUAL SSHFS SSH_SERVER SSH_OPTIONS MKHOMEDIR PAM_AUTH_TYPE
        READ_AHEAD_KB OVERLAY ALL_IMAGES IGNORE_EPOPTES DNS ADMINISTRATIVE_CLIENT BLACKLIST_MODULES SYMLINK_SNAPS
        IMAGE BACKUP CLEANUP IONICE KERNEL_INITRD MKSQUASHFS_PARAMS REVERT PROXY_DHCP REAL_DHCP TFTP BINARIES
        HOSTNAME_BASE HOSTNAME_EXTRA HOSTNAME_PREFIX HOSTNAME_SUFFIX
        """

    @Test func `every variable of LTSP has its kind`() {
        for (names, dialect) in [(Self.lts, LTSPVariableKind.Dialect.lts), (Self.ltsp, .ltsp)] {
            for name in names.split(whereSeparator: \.isWhitespace) {
                #expect(LTSPVariableKind.of(String(name), in: dialect) != nil, "\(name)")
            }
        }
        #expect(LTSPVariableKind.of("MY_OWN", in: .lts) == nil)
    }

    @Test func `settings that variables become are settings that there are`() throws {
        for names in [Self.lts, Self.ltsp] {
            for name in names.split(whereSeparator: \.isWhitespace) {
                for dialect in [LTSPVariableKind.Dialect.lts, .ltsp] {
                    guard let setting = LTSPVariableKind.of(String(name), in: dialect)?.setting,
                        setting != "name"
                    else { continue }
                    #expect(SettingDefinition.named(setting) != nil, "\(name)")
                }
            }
        }
    }

    @Test(arguments: [
        ("TIMEZONE", "Europe/Dublin", "taken", "time-zone=Europe/Dublin"),
        ("TIMEZONE", "nowhere", "not taken", "not a time zone"),
        ("HOSTS_1", "10.1.0.1 main files", "taken", "hosts=10.1.0.1=main files"),
        ("HOSTS_1", "10.1.0.1", "not taken", "ADDRESS NAME"),
        ("NBD_SWAP", "y", "taken", "swap=server:512M"), ("NBD_SWAP", "1", "taken", "nothing is set"),
        ("USE_LOCAL_SWAP", "True", "translated", "swap=disk"),
        ("SOUND", "True", "kept", "lts.SOUND: there is no setting"),
        ("LDM_THEME", "x", "recorded", "lts.LDM_THEME: it has no meaning"),
        ("LTSCONF", "x", "dropped", "no use"),
        ("MY_OWN", "x", "recorded", "lts.MY_OWN: no variable of LTSP has this name"),
        ("SCREEN_2", "shell", "recorded", "lts.SCREEN_2: screens have two digits: SCREEN_02"),
        ("SCREEN_2_XKBLAYOUT", "de", "recorded", "two digits: SCREEN_02"),
        ("AUTOLOGIN", "guest", "recorded", "lts.AUTOLOGIN: it is a variable of ltsp.conf only"),
        ("X_FONTS", "/usr/share/fonts", "recorded", "lts.X_FONTS: it has no meaning here (x options)"),
        ("SOUND_VOL", "80", "kept", "lts.SOUND_VOL: there is no setting for it yet (sound)"),
        ("SOUND", "a\r", "not taken", "carriage return"),
    ])
    func `a variable becomes a setting, or the report says why not`(
        name: String, value: String, fate: String, text: String
    ) {
        let place = LTSPPlace(file: "lts.conf", line: 1, section: "default")
        let translation = LTSPTranslation(LTSPVariable(name: name, value: value, place: place), in: .lts)
        #expect(translation.fate.rawValue == fate)
        #expect(translation.text.contains(text), "\(translation.text)")
    }

    private static let steps: [(String, LTSPVariableKind.Dialect, String, String, [String: SettingValue])] = [
        (
            "FSTAB_1", .lts, "LABEL=data /srv ext4 nofail,noatime 0 2", "taken",
            ["mounts": .map(["/srv": "LABEL=data ext4 nofail,noatime 0 2"])]
        ),
        ("FSTAB_1", .lts, "LABEL=data /srv", "kept", ["lts.FSTAB_1": .text("LABEL=data /srv")]),
        (
            "FSTAB_X", .ltsp, "tmpfs /scratch tmpfs size=1m", "taken",
            ["mounts": .map(["/scratch": "tmpfs tmpfs size=1m"])]
        ),
        (
            "NFS_HOME", .lts, "files:/home", "taken",
            ["mounts": .map(["/home": "files:/home nfs defaults"])]
        ),
        ("NFS_HOME", .lts, "/home", "kept", ["lts.NFS_HOME": .text("/home")]),
        ("NFS_HOME_OPTIONS", .lts, "ro", "taken", [:]),
        (
            "CRONTAB_01", .lts, "0 3 * * * root /bin/backup", "taken",
            ["cron": .map(["crontab-01": "0 3 * * * root /bin/backup"])]
        ),
        (
            "CRONTAB_01", .ltsp, "sometimes /bin/backup", "kept",
            ["ltsp.CRONTAB_01": .text("sometimes /bin/backup")]
        ),
        ("DNS_SERVER", .lts, "10.0.0.1 10.0.0.2", "taken", ["dns": .list(["10.0.0.1", "10.0.0.2"])]),
        ("DNS_SERVER", .ltsp, "$SERVER", "kept", ["ltsp.DNS_SERVER": .text("$SERVER")]),
        (
            "SEARCH_DOMAIN", .lts, "a.example b.example", "taken",
            ["dns-search": .list(["a.example", "b.example"])]
        ),
        ("SEARCH_DOMAIN", .ltsp, "a.example", "taken", ["dns-search": .list(["a.example"])]),
        ("TIMESERVER", .lts, "ntp.example.org", "taken", ["ntp": .list(["ntp.example.org"])]),
        ("TIMESERVER", .lts, "auto", "kept", ["lts.TIMESERVER": .text("auto")]),
        ("SYSLOG_HOST", .lts, "logs.example.org", "taken", ["syslog": .text("logs.example.org")]),
        ("MODULE_01", .lts, "br_netfilter", "taken", ["modules": .map(["br_netfilter": "load"])]),
        ("MODULE_02", .lts, "loop max_loop=64", "taken", ["modules": .map(["loop": "max_loop=64"])]),
        (
            "BLACKLIST_MODULES", .ltsp, "floppy nouveau", "translated",
            ["modules": .map(["floppy": "deny", "nouveau": "deny"])]
        ),
        (
            "PREINIT_00_TIME", .lts, "ln -sf a b", "taken",
            ["commands": .map(["preinit-0000_TIME": "before-init -- ln -sf a b"])]
        ),
        (
            "INIT_COMMAND_2", .lts, "mount -a", "taken",
            ["commands": .map(["init-0002": "init -- mount -a"])]
        ),
        (
            "RCFILE_10", .lts, "kubeadm join --token x -- y", "taken",
            ["commands": .map(["rcfile-0010": "late -- kubeadm join --token x -- y"])]
        ),
        ("RCFILE_10", .lts, "", "taken", [:]),
        (
            "PRE_INIT_A", .ltsp, "true", "taken",
            ["commands": .map(["1-pre-init-A": "before-init -- true"])]
        ),
        (
            "POST_INIT_10", .ltsp, "line 1\nline 2", "taken",
            ["commands": .map(["2-post-init-10": "before-init -- line 1\nline 2"])]
        ),
        ("POST_LOGIN_A", .ltsp, "true", "kept", ["ltsp.POST_LOGIN_A": .text("true")]),
        (
            "KEEP_SYSTEM_SERVICES", .lts, "ssh cron", "translated",
            ["services": .map(["ssh": "keep", "cron": "keep"])]
        ),
        ("RM_SYSTEM_SERVICES", .lts, "cups", "translated", ["services": .map(["cups": "remove"])]),
        (
            "RM_THIN_SYSTEM_SERVICES", .lts, "cups", "kept",
            ["lts.RM_THIN_SYSTEM_SERVICES": .text("cups")]
        ),
        (
            "DISABLE_SYSTEM_SERVICES", .ltsp, "cups", "taken",
            ["services": .map(["cups": "remove"])]
        ),
        ("KEEP_SYSTEM_SERVICES", .ltsp, "ssh", "taken", ["services": .map(["ssh": "keep"])]),
        ("MASK_SYSTEM_SERVICES", .ltsp, "a.timer", "taken", ["services": .map(["a.timer": "mask"])]),
        ("CONSOLE_KEYMAP", .lts, "de", "taken", ["keymap": .text("de")]),
        ("LANG", .lts, "pt_PT.UTF-8", "taken", ["locale": .text("pt_PT.UTF-8")]),
        ("LANG", .lts, "a b", "kept", ["lts.LANG": .text("a b")]),
    ]

    @Test(arguments: steps)
    func `what a node does of its own has a setting, and a value that does not fit stays with its variable`(
        name: String, dialect: LTSPVariableKind.Dialect, value: String, fate: String,
        settings: [String: SettingValue]
    ) {
        let place = LTSPPlace(file: dialect.rawValue, line: 1, section: "default")
        let translation = LTSPTranslation(LTSPVariable(name: name, value: value, place: place), in: dialect)
        #expect(translation.fate.rawValue == fate, "\(name): \(translation.text)")
        #expect(translation.settings == settings, "\(name)")
        // The report has no value that may be a password.
        #expect(!translation.text.contains("--token") && !translation.text.contains("/bin/backup"))
    }

    @Test func `variables of one machine stand together`() {
        let place = LTSPPlace(file: "lts.conf", line: 1, section: "default")
        let variables = [
            ("NFS_HOME", "files:/home"), ("NFS_HOME_OPTIONS", "ro,soft"), ("RCFILE_1", "echo a"),
            ("RCFILE_01", "echo b"), ("RCFILE_10", "echo c"), ("RCFILE_2", "echo d"), ("MODULE_1", "x"),
            ("MODULE_2", "y"),
        ].map { LTSPVariable(name: $0, value: $1, place: place) }
        let settings = LTSPTranslation.settings(of: variables, in: .lts)
        #expect(settings["mounts"] == .map(["/home": "files:/home nfs ro,soft"]))
        #expect(settings["modules"] == .map(["x": "load", "y": "load"]))
        guard case .map(let commands)? = settings["commands"] else {
            Issue.record("there are no commands")
            return
        }
        #expect(commands.count == 4)
        let last = commands.keys.sorted().suffix(2).map { commands[$0] }
        #expect(last == ["late -- echo d", "late -- echo c"])
    }
}

@Suite struct LTSPImportTests {
    private func lts(_ text: String, _ fleet: LTSPImport.Fleet = .init()) -> LTSPImport {
        LTSPImport(.lts(LTSConf(Array(text.utf8))), into: fleet)
    }

    private func node(_ name: String, _ mac: String, address: String? = nil) throws -> Node {
        Node(
            name: try NodeName(name), macAddresses: [try #require(MACAddress(mac))],
            address: address.flatMap { IPv4Address($0) })
    }

    private let text = """
        [default]
        TIMEZONE = Europe/Dublin
        HOSTS_1 = "10.1.0.1 main"
        SOUND = True
        [66:9d:3f:81:20:fe]
        HOSTNAME = counter
        LIKE = desks
        HOSTS_2 = "10.1.0.2 printer"
        [desks]
        LIKE = rooms
        TIMEZONE = Europe/Lisbon
        [rooms]
        USE_LOCAL_SWAP = True
        [hall-1?]
        TIMEZONE = Europe/Paris
        [hall-*]
        TIMEZONE = Europe/Athens
        [192.168.*]
        TIMEZONE = Europe/Rome
        [lobby]
        TIMEZONE = Europe/Oslo

        """

    @Test func `a file becomes settings of the site, groups, rules and nodes`() throws {
        let result = lts(text)
        #expect(!result.isRefused)
        #expect(
            result.site == [
                "time-zone": .text("Europe/Dublin"), "hosts": .map(["10.1.0.1": "main"]),
                "lts.SOUND": .text("True"),
            ])
        #expect(result.groups.map(\.path.description) == ["/rooms", "/rooms/desks"])
        #expect(
            result.groups.map(\.settings) == [
                ["swap": .list(["disk"])], ["time-zone": .text("Europe/Lisbon")],
            ])
        let new = try #require(result.newNodes.first)
        #expect(new.name.text == "counter" && new.group.description == "/rooms/desks")
        #expect(new.settings == ["hosts": .map(["10.1.0.2": "printer"])])
        #expect(
            result.rules.map(\.condition) == [
                "name ~ \"hall-1?\"", "name ~ \"hall-*\" and not name ~ \"hall-1?\"",
            ])
        #expect(result.rules.map(\.name.text) == ["lts-hall-1", "lts-hall"])
    }

    @Test
    func `sets of characters become several patterns of a rule, and names without a wildcard are whole`() {
        let result = lts(
            "[\"pc[1-2]?\"]\nA = 1\n[\"desk[ab]\"]\nA = 2\n[\"x[!a]*\"]\nA = 3\n[\"[[:alpha:]][0-9]\"]\nA = 4\n"
        )
        #expect(
            result.rules.map(\.condition) == [
                "(name ~ \"pc1?\" or name ~ \"pc2?\")",
                "(name = \"deska\" or name = \"deskb\") and not name ~ \"pc1?\" and not name ~ \"pc2?\"",
            ])
        for line in [6, 8] {
            #expect(result.rows.contains { $0.line == line && $0.text.contains("sets of characters") })
        }
        let either = LTSPImport(
            .ltsp(LTSPConf(Array("[pc1|hall-*]\nA=1\n".utf8))), into: .init(images: []))
        #expect(either.rules.map(\.condition) == ["(name = \"pc1\" or name ~ \"hall-*\")"])
    }

    @Test func `the report has every setting, with what it became or why it did not`() {
        let rows = lts(text).rows
        func told(_ line: Int) -> String { rows.first { $0.line == line }?.text ?? "" }
        #expect(rows.map(\.line) == [2, 3, 4, 6, 7, 8, 10, 11, 13, 15, 17, 19, 21])
        #expect(told(2) == "time-zone=Europe/Dublin (the site)")
        #expect(told(4).contains("no setting"))
        #expect(told(7) == "takes over [desks]")
        #expect(told(6).contains("new node counter in /rooms/desks"))
        #expect(told(13).contains("group /rooms"))
        #expect(told(15).contains("rule lts-hall-1"))
        #expect(told(19).contains("rules do not depend on addresses"))
        #expect(told(21).contains("no node ‘lobby’"))
    }

    @Test func `nodes that there are get what differs from what they inherit`() throws {
        let fleet = LTSPImport.Fleet(nodes: [
            try node("lobby", "02:00:00:00:00:01"), try node("hall-10", "02:00:00:00:00:02"),
            try node("pc", "66:9d:3f:81:20:fe"), try node("far", "02:00:00:00:00:03", address: "192.168.1.1"),
            try node("plain", "02:00:00:00:00:04"),
        ])
        let result = lts(text, fleet)
        #expect(result.newNodes == [])
        #expect(
            result.nodes == [
                try NodeName("lobby"): ["time-zone": .text("Europe/Oslo")],
                try NodeName("far"): ["time-zone": .text("Europe/Rome")],
                try NodeName("pc"): [
                    "time-zone": .text("Europe/Lisbon"), "swap": .list(["disk"]),
                    "hosts": .map(["10.1.0.2": "printer"]),
                ],
            ])
    }

    @Test func `a variable that NONE takes away is the usual value again`() throws {
        let fleet = LTSPImport.Fleet(nodes: [try node("lobby", "02:00:00:00:00:01")])
        let result = lts("[default]\nTIMEZONE = Europe/Dublin\n[lobby]\nTIMEZONE = NONE\n", fleet)
        #expect(result.nodes == [try NodeName("lobby"): ["time-zone": .text("Etc/UTC")]])
    }

    @Test func `a file with an error gives no change, and still a report`() {
        let result = lts("[default]\nTIMEZONE = Europe/Dublin\nSOUND =\n[66:9d:3f:81:20:fe]\nVOLUME = 1\n")
        #expect(result.isRefused && result.isEmpty)
        #expect(result.problems.map(\.description).first?.hasPrefix("lts.conf:3: ") == true)
        #expect(result.rows.count == 3)
    }

    @Test func `an ltsp.conf becomes settings, too`() throws {
        let text = """
            [clients]
            LOCAL_SWAP=1
            [server]
            NAT=1
            [66:9d:3f:81:20:fe]
            HOSTNAME=counter
            INCLUDE=desks
            DEFAULT_IMAGE=jammy
            KERNEL_PARAMETERS="nomodeset noapic"
            [desks]
            IMAGE_TO_RAM=1

            """
        let result = LTSPImport(.ltsp(LTSPConf(Array(text.utf8))), into: .init(images: ["jammy"]))
        #expect(result.site == ["swap": .list(["disk"])])
        #expect(result.groups.map(\.settings) == [["root-mode": .text("ram")]])
        let node = try #require(result.newNodes.first)
        #expect(
            node.settings == [
                "image": .text("jammy"), "kernel-arguments": .list(["nomodeset", "noapic"]),
            ])
        let without = LTSPImport(.ltsp(LTSPConf(Array(text.utf8))), into: .init(images: []))
        #expect(
            without.rows.first { $0.variable == "DEFAULT_IMAGE" }?.text.contains("no image ‘jammy’") == true)
    }

    @Test func `the records of an import are valid together`() throws {
        let result = lts(text)
        var edits = [FleetEdit.group(.site, NodeGroup(path: .site, settings: result.site))]
        edits += result.groups.map { .group($0.path, $0) } + result.rules.map { .rule($0.name, $0) }
        edits += result.newNodes.map { .node($0.name, $0) }
        let fleet = FleetSnapshot(revision: 1, nodes: [], groups: [NodeGroup(path: .site)], images: [])
        let after = try fleet.applying(edits, revision: 2)
        let node: Node = try #require(after.nodes[try NodeName("counter")])
        let settings = after.settings(of: node)
        #expect(try settings.value(of: Settings.timeZone).settingText == "Europe/Lisbon")
    }
}
