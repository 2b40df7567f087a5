/// What becomes of a variable of `lts.conf` or `ltsp.conf`.
package struct LTSPVariableKind: Sendable {
    /// How much of a variable there is here.
    package enum Treatment: String, Sendable, Codable, CaseIterable {
        /// It has the same effect here.
        case same
        /// Something else here has its effect.
        case translated
        /// It has no meaning here, and is told.
        case recorded
        /// It has no use here.
        case dropped
    }

    package let treatment: Treatment
    /// What it is about, for people.
    package let subject: String
    /// The setting that it becomes; nil while there is none.
    package let setting: String?
}

extension LTSPVariableKind {
    /// The two kinds of files; some names mean something else in the other.
    package enum Dialect: String, Sendable, Codable, CaseIterable {
        case lts = "lts.conf"
        case ltsp = "ltsp.conf"
    }

    /// The kind of a variable; nil for one that no table has.
    package static func of(_ name: String, in dialect: Dialect) -> LTSPVariableKind? {
        (dialect == .lts ? ltsTable : ltspTable).kind(of: name)
    }

    /// Each line: treatment, subject, the setting that it becomes (`-`: none yet), names. `*` ends a family.
    private static let ltsTable = Table(
        """
        same       mounts                 mounts      FSTAB_* NFS_HOME NFS_HOME_OPTIONS
        same       mounts                 -           CONFIGURE_FSTAB
        same       cron                   cron        CRONTAB_*
        translated host-name              name        HOSTNAME HOSTNAME_BASE HOSTNAME_EXTRA
        same       hosts                  hosts       HOSTS_*
        same       names-and-resolver     dns         DNS_SERVER
        same       names-and-resolver     dns-search  SEARCH_DOMAIN
        same       names-and-resolver     -           SERVER SERVER_NAME
        translated automatic-log-in       -           HOST_TO_USERNAME
        same       clock                  time-zone   TIMEZONE
        same       clock                  ntp         TIMESERVER
        same       clock                  -           HWCLOCK
        same       power-off              -           SHUTDOWN_TIME POWER_BUTTON
        same       logs                   syslog      SYSLOG_HOST
        same       kernel-modules         modules     MODULE_*
        translated kernel-modules         -           SMODULE_* EARLY_MODULE_* EARLY_SMODULE_*
        same       commands-at-boot       commands    RCFILE_* INIT_COMMAND_* PREINIT_*
        translated system-services        services    KEEP_SYSTEM_SERVICES RM_SYSTEM_SERVICES
        translated system-services        -           RM_THIN_SYSTEM_SERVICES RM_LOW_RAM_SERVICES RM_RAM_THRESHOLD
        translated session-services       -           KEEP_SESSION_SERVICES RM_SESSION_SERVICES
        same       files                  -           OVERLAY_DIR
        translated writable-root          -           UNION_TYPE UNION_OPTS LTSP_NBD_TO_RAM
        translated writable-root          -           LTSP_RW_DIRS LTSP_RW_DIRS_EXTRA LTSP_COPY_DIRS LTSP_COPY_DIRS_EXTRA LTSP_BINDFILES LTSP_BINDFILES_EXTRA
        dropped    boot-network           -           NET_DEVICE_METHOD
        dropped    file-names             -           LTSCONF LTSP_CONFIG
        translated role                   -           LTSP_FATCLIENT FAT_RAM_THRESHOLD DEFAULT_DISPLAY_MANAGER
        same       consoles               keymap      CONSOLE_KEYMAP
        same       consoles               -           DISABLE_GETTYS WAIT_FGCONSOLE
        translated image                  -           KERNEL_DEVICE KERNEL_NAME KERNEL_DIR INITRD_NAME
        same       swap                   swap        NBD_SWAP
        same       swap                   -           NBD_SWAP_HOST NBD_SWAP_SERVER NBD_SWAP_PORT NBD_SWAP_THRESHOLD
        translated swap                   swap        USE_LOCAL_SWAP COMPCACHE
        translated swap                   -           ENCRYPT_SWAP NFS_SWAP SWAP_SERVER SWAP_DIR SWAP_SIZE NBD_PORT USE_NFS_SWAP NFS_SWAPDIR SWAPFILE_SIZE
        same       screens                -           SCREEN_DEFAULT SCREEN_[0-9][0-9] SCREEN_[0-9][0-9]_*
        same       text-menu              -           MENU_TITLE MENU_ITEM_* MENU_COMMAND_* MENU_LISTHEIGHT MENU_APPEND_PATH
        same       kiosk                  -           KIOSK_EXE KIOSK_OPTIONS KIOSK_DAEMON KIOSK_WM KIOSKUSER
        same       text-screens           -           SSH_HOST SSH_USER SSH_ARGS TELNET_HOST TELNET_ARGS
        translated remote-desktop         -           RDP_SERVER RDP_OPTIONS RDP_DOMAIN RDP_SOUND RDP_DAEMON
        recorded   xdmcp-and-fonts        -           XDM_SERVER DISABLE_ACCESS_CONTROL USE_XFS XFS_SERVER XFS_PORT
        translated session-restart        -           XINITRC_DAEMON XINITRC_COMMAND_ON_EXIT XINITRC_COMMAND_ON_ERROR XINITRC_ERROR_CODES XINITRC_PROMPT_ON_EXIT XINITRC_PROMPT_ON_ERROR
        translated log-in                 -           LDM_SERVER LDM_AUTOLOGIN LDM_GUESTLOGIN LDM_ALLOW_GUEST LDM_USERNAME LDM_PASSWORD LDM_PASSWORD_HASH LDM_GUEST_SERVER LDM_AUTOLOGIN_SERVER LDM_LOGIN_TIMEOUT LDM_TIMEOUT_ENABLED LDM_TIMEOUT_TIME
        same       session                locale      LANG
        same       session                -           LDM_LANGUAGE LDM_FORCE_LANGUAGE LDM_SESSION LDM_FORCE_SESSION LDM_XSESSION LDM_DEFAULT_XSESSION LDM_SELECTED_SESSION
        recorded   greeter                -           LDM_THEME LDM_GREETER LDM_WINMANAGER LDM_XCOMPMGR LDM_MENU_ITEM_* LDM_NODMPS LDM_NUMLOCK
        translated transport              -           LDM_DIRECTX LDM_SSHOPTIONS SSH_OVERRIDE_PORT NETWORK_COMPRESSION LDM_REMOTECMD LDM_DEFAULT_BACKEND LDM_FORCE_BACKEND
        same       single-log-in          -           LDM_LIMIT_ONE_SESSION LDM_LIMIT_ONE_SESSION_PROMPT
        same       permitted-users        -           LDM_USER_ALLOW LDM_ALLOW_USER
        same       printers               -           LDM_PRINTER_LIST LDM_PRINTER_DEFAULT
        recorded   log-in-debugging       -           LDM_DEBUG LDM_DEBUG_TERMINAL LDM_SYSLOG LDM_LOGLEVEL LDM_NOMAD
        recorded   x-server               -           XSERVER X_DRIVER X_CONF XF86CONFIG_FILE CONFIGURE_X CONFIGURE_X_COMMAND X_ARGS
        translated display                -           X_MODE_[0-9] X_HORZSYNC X_HORIZSYNC X_VERTREFRESH X_COLOR_DEPTH X_SMART_COLOR_DEPTH X_VIRTUAL X_VIRTUAL_AUTO X_VIDEO_RAM X_VIDEORAM X_USE_SYNC_RANGES X_RAMPERC X_DISPLAYSIZE X_BLANKING
        recorded   x-options              -           X_OPTION_* X_MONITOR_OPTION_* X_MODULE_*
        recorded   x-options              -           X_FONTS X4_MODULE_* X_DEVICE_OPTION_*
        recorded   pointers               -           X_BUTTONS X_ZAXIS_MAPPING X_ZAXISMAPPING X_MOUSE_RESOLUTION X_MOUSE_BUTTONS X_MOUSE_BAUD X_USBMOUSE_*
        recorded   pointers               -           X_MOUSE_DEVICE X_MOUSE_PROTOCOL X_MOUSE_EMULATE3BTN X_TOUCH_DEVICE X_TOUCH_DRIVER X_TOUCH_MINX X_TOUCH_MAXX X_TOUCH_MINY X_TOUCH_MAXY X_TOUCH_UNDELAY X_TOUCH_RPTDELAY USE_TOUCH X_NUMLOCK
        same       keyboard               -           XKBLAYOUT XKBMODEL XKBVARIANT XKBOPTIONS XKBRULES
        translated monitors               -           XRANDR_DISABLE XRANDR_AUTO_MULTIHEAD XRANDR_OUTPUT_* XRANDR_MODE_* XRANDR_NEWMODE_* XRANDR_RATE_* XRANDR_ROTATE_* XRANDR_REFLECT_* XRANDR_DPI_* XRANDR_SIZE_* XRANDR_ORIENTATION_* XRANDR_COMMAND_*
        translated programs               -           LOCAL_APPS LOCAL_APPS_MENU LOCAL_APPS_MENU_ITEMS LOCAL_APPS_EXTRAMOUNTS LOCAL_APPS_WHITELIST REMOTE_APPS REMOTE_APPS_MENU_ITEMS SSH_FOLLOW_SYMLINKS SSH_DISABLE_HARDLINK SSHFS_HOME
        translated devices                -           LOCALDEV LOCAL_STORAGE LOCALDEV_DENY LOCALDEV_DENY_CD LOCALDEV_DENY_FLOPPY LOCALDEV_DENY_INTERNAL_DISKS LOCALDEV_DENY_USB SCANNER
        same       printers               -           CUPS_SERVER PRINTER_[0-9]_DEVICE PRINTER_[0-9]_PORT PRINTER_[0-9]_TYPE PRINTER_[0-9]_SPEED PRINTER_[0-9]_DATABITS PRINTER_[0-9]_PARITY PRINTER_[0-9]_FLOWCTRL PRINTER_[0-9]_OPTIONS PRINTER_[0-9]_WRITE_ONLY
        translated sound                  -           SOUND_VOL CAPTURE_VOLUME CAPTURE_SWITCH
        translated sound                  -           SOUND SOUND_DAEMON VOLUME PCM_VOLUME MIC_VOLUME FRONT_VOLUME FRONT_MIC_VOLUME CD_VOLUME HEADPHONE_VOLUME VOLUME_MANUAL
        same       seats                  -           UDEV_SEAT_*
        translated classroom              -           START_ITALC
        translated cluster                -           CLUSTER_CONFIGURED PXE_CONFIG CC_SERVER PORT ENABLE_SSL INVENTORY TIMEOUT CHECK_CERTIFICATE PAGE
        same       inventory              -           INVENTORY_NUMBER
        recorded   display-manager        -           LIGHTDM_* GDM_*
        recorded   session-environment    -           CLIENT_ENV LANGUAGE LC_*
        recorded   network-accounts       -           NIS_DOMAIN NIS_SERVER LOCAL_WM
        recorded   start-of-the-system    -           RUNLEVEL HOTPLUG
        """)

    private static let ltspTable = Table(
        """
        translated image-contents         -           ADD_IMAGE_EXCLUDES OMIT_IMAGE_EXCLUDES
        translated automatic-log-in       -           AUTOLOGIN RELOGIN RELOGIN_TIMEOUT
        translated display-manager        -           GDM3_CONF LIGHTDM_CONF SDDM_CONF SLICK_CONF
        dropped    server-directories     -           BASE_DIR HOME_DIR TFTP_DIR
        same       cron                   cron        CRONTAB_*
        same       printers               -           CUPS_SERVER
        recorded   debugging              -           DEBUG_LOG DEBUG_SHELL LTSP_DEBUG
        translated image                  image       DEFAULT_IMAGE
        translated kernel-command-line    kernel-arguments KERNEL_PARAMETERS
        recorded   boot-menu              -           MENU_TIMEOUT IPXE_*_IMG
        same       services               services    DISABLE_SYSTEM_SERVICES KEEP_SYSTEM_SERVICES MASK_SYSTEM_SERVICES
        same       services               -           DISABLE_SESSION_SERVICES KEEP_SESSION_SERVICES MASK_SESSION_SERVICES
        same       names-and-resolver     dns         DNS_SERVER
        same       names-and-resolver     dns-search  SEARCH_DOMAIN
        same       hosts                  hosts       HOSTS_*
        translated host-name              name        HOSTNAME
        translated host-name              -           HOSTNAME_BASE HOSTNAME_EXTRA HOSTNAME_PREFIX HOSTNAME_SUFFIX
        same       mounts                 mounts      FSTAB_*
        same       mounts                 -           NFS_HOME NFS_TFTP
        dropped    server-files           -           OVERWRITE
        translated swap                   swap        LOCAL_SWAP
        translated root-mode              root-mode   IMAGE_TO_RAM
        recorded   groups                 -           INCLUDE
        same       seats                  -           MULTISEAT UDEV_SEAT_*
        dropped    server                 -           NAT SERVER
        recorded   skipped-steps          -           OMIT_FUNCTIONS LTSP_SKIP_SCRIPTS
        translated accounts               -           PASSWORDS_* LTSPDM_USERS PWMERGE_SUR PWMERGE_SGR PWMERGE_DUR PWMERGE_DGR
        same       commands-at-boot       commands    POST_INIT_* PRE_INIT_*
        same       commands-at-boot       -           POST_* PRE_*
        translated programs               -           REMOTEAPPS
        recorded   raspberry-pi           -           RPI_IMAGE
        recorded   display                -           X_DRIVER X_HORIZSYNC X_MODELINE X_MODES X_PREFERREDMODE X_VERTREFRESH X_VIRTUAL
        recorded   log-in                 -           SSHFS SSH_SERVER SSH_OPTIONS MKHOMEDIR PAM_AUTH_TYPE
        recorded   tuning                 -           READ_AHEAD_KB OVERLAY IGNORE_EPOPTES ADMINISTRATIVE_CLIENT SYMLINK_SNAPS
        translated kernel-modules         modules     BLACKLIST_MODULES
        dropped    image-tools            -           ALL_IMAGES IMAGE BACKUP CLEANUP IONICE KERNEL_INITRD MKSQUASHFS_PARAMS REVERT BINARIES
        dropped    network-services       -           DNS PROXY_DHCP REAL_DHCP TFTP
        """)

    /// Names and families with their kinds.
    private struct Table: Sendable {
        private var kinds: [String: LTSPVariableKind] = [:]
        private var patterns: [(pattern: GlobPattern, kind: LTSPVariableKind)] = []

        init(_ text: String) {
            for line in text.split(separator: "\n") {
                let words = line.split(separator: " ").map(String.init)
                guard words.count > 3, let treatment = Treatment(rawValue: words[0]) else {
                    preconditionFailure("no row of a table of variables: \(line)")
                }
                let kind = LTSPVariableKind(
                    treatment: treatment,
                    subject: String(words[1].map { $0 == "-" ? " " : $0 }),
                    setting: words[2] == "-" ? nil : words[2])
                for name in words.dropFirst(3) {
                    let pattern = GlobPattern(name)
                    if pattern.hasWildcard { patterns.append((pattern, kind)) } else { kinds[name] = kind }
                }
            }
        }

        func kind(of name: String) -> LTSPVariableKind? {
            if let kind = kinds[name] { return kind }
            let bytes = Array(name.utf8)
            return patterns.first { $0.pattern.matches(bytes) }?.kind
        }
    }
}
