@testable import Fleet

/// Files in the shapes that people publish, of LTSP 19 and later, with what its own scripts make of them in dash.
extension LTSPSample {
    static let ltspPublished: [LTSPSample] = [
        LTSPSample(
            name: "sample",
            text: #"""
                # /bin/sh -n
                # LTSP configuration file
                # Documentation=man:ltsp.conf(5)

                # The special [server] section is evaluated only by the ltsp server
                [server]
                # Enable NAT on dual NIC servers
                NAT=1
                # Provide a full menu name for x86_32.img when `ltsp ipxe` runs
                IPXE_X86_32_IMG="Debian Buster"

                # The special [common] section is evaluated by both the server and ltsp clients
                [common]
                # Specify an alternative TFTP_DIR, overriding the default /srv/tftp
                TFTP_DIR=/var/lib/tftpboot

                # In the special [clients] section, parameters for all clients can be defined.
                [clients]
                # Mask some systemd units
                MASK_SYSTEM_SERVICES="nfs-server ssh"

                # MAC, IP, or hostname sections can be used to apply settings to certain clients
                [02:5b:c1:00:11:0A]
                HOSTNAME=pc01
                INCLUDE=crt_monitor

                [pc01]
                AUTOLOGIN=user01

                [crt_monitor]
                X_HORIZSYNC="28.0-87.0"
                X_VERTREFRESH="43.0-87.0"
                X_MODES='"1024x768" "800x600" "640x480"'

                """#,
            common: ["TFTP_DIR": "/var/lib/tftpboot", "MASK_SYSTEM_SERVICES": "nfs-server ssh"],
            machines: [
                .init(
                    .hall10,
                    variables: [
                        "HOSTNAME": "pc01", "AUTOLOGIN": "user01", "X_HORIZSYNC": "28.0-87.0",
                        "X_VERTREFRESH": "43.0-87.0", "X_MODES": "\"1024x768\" \"800x600\" \"640x480\"",
                    ]),
                .init(.hall11, variables: [:]),
                .init(.counter, variables: [:]),
                .init(
                    LTSPMachine(macAddress: "02:5b:c1:00:00:01", address: "192.168.40.1", hostName: "main"),
                    on: .init(isServer: true, applet: "ipxe"),
                    variables: ["NAT": "1", "IPXE_X86_32_IMG": "Debian Buster"],
                    without: ["MASK_SYSTEM_SERVICES"]),
            ]),
        LTSPSample(
            name: "labs",
            text: #"""
                [clients]
                # the .local suffix is added to host names by avahi
                POST_INIT_EPOPTES="sed 's/.*SERVER=.*/SERVER=a00.local/' -i /etc/default/epoptes-client"
                MASK_SYSTEM_SERVICES="epoptes"
                [lab-a]
                DEFAULT_IMAGE=lab_a
                CUPS_SERVER="a00"
                [hall-1?]
                INCLUDE=lab-a
                HOSTNAME=a01
                [counter|a00]
                KEEP_SYSTEM_SERVICES="epoptes"
                IGNORE_EPOPTES=1
                [a01]
                LATE=1

                """#,
            common: [
                "POST_INIT_EPOPTES": "sed 's/.*SERVER=.*/SERVER=a00.local/' -i /etc/default/epoptes-client",
                "MASK_SYSTEM_SERVICES": "epoptes", "DEFAULT_IMAGE": "lab_a", "CUPS_SERVER": "a00",
                "HOSTNAME": "a01",
            ],
            machines: [
                .init(.hall10, variables: [:], hooks: ["POST_INIT_EPOPTES"]),
                .init(.hall11, variables: [:], hooks: ["POST_INIT_EPOPTES"]),
                .init(
                    .counter, variables: ["KEEP_SYSTEM_SERVICES": "epoptes", "IGNORE_EPOPTES": "1"],
                    without: ["DEFAULT_IMAGE", "CUPS_SERVER", "HOSTNAME"], hooks: ["POST_INIT_EPOPTES"]),
            ]),
        LTSPSample(
            name: "log-in",
            text: #"""
                [clients]
                AUTOLOGIN="hall-([0-9]+)/guest\1"
                RELOGIN=0
                PWMERGE_SUR='[ab].*'
                PASSWORDS_LAB="teacher/cGFzcw== [ab]..-.*/cGFzcw=="
                LTSPDM_USERS="(guest|[ab][0-9]-)%{HOSTNAME#pc}"
                [192.168.40.*]
                RELOGIN = 1

                """#,
            common: [
                "AUTOLOGIN": "hall-([0-9]+)/guest\\1", "RELOGIN": "1", "PWMERGE_SUR": "[ab].*",
                "PASSWORDS_LAB": "teacher/cGFzcw== [ab]..-.*/cGFzcw==",
                "LTSPDM_USERS": "(guest|[ab][0-9]-)%{HOSTNAME#pc}",
            ],
            machines: [
                .init(.hall10, variables: [:], lines: ["PASSWORDS_LAB"]),
                .init(.hall11, variables: [:], lines: ["PASSWORDS_LAB"]),
                .init(.counter, variables: ["RELOGIN": "0"], lines: ["PASSWORDS_LAB"]),
            ]),
        LTSPSample(
            name: "hooks",
            text: #"""
                [clients]
                POST_INIT_A="echo a"
                POST_INIT_10="cat >/etc/motd <<EOT
                hello
                EOT"
                POST_INIT_2="echo \"two\" \$HOME"
                PRE_INIT_X='ln -sf ../ltsp/xorg.conf /etc/X11/xorg.conf'
                POST_INITRD_BOTTOM_X="echo later"
                FSTAB_B="b"
                FSTAB_10="ten"
                FSTAB_9="nine"
                FSTAB_EMPTY=""
                A=one\
                two
                B=x"y z"'$w'

                """#,
            common: [
                "POST_INIT_A": "echo a", "POST_INIT_10": "cat >/etc/motd <<EOT\nhello\nEOT",
                "POST_INIT_2": "echo \"two\" $HOME",
                "PRE_INIT_X": "ln -sf ../ltsp/xorg.conf /etc/X11/xorg.conf",
                "POST_INITRD_BOTTOM_X": "echo later", "FSTAB_B": "b", "FSTAB_10": "ten", "FSTAB_9": "nine",
                "FSTAB_EMPTY": "", "A": "onetwo", "B": "xy z$w",
            ],
            machines: [
                .init(
                    .hall10, variables: [:],
                    hooks: ["PRE_INIT_X", "POST_INIT_10", "POST_INIT_2", "POST_INIT_A"],
                    lines: ["FSTAB_10", "FSTAB_9", "FSTAB_B"]),
                .init(
                    .hall11, variables: [:],
                    hooks: ["PRE_INIT_X", "POST_INIT_10", "POST_INIT_2", "POST_INIT_A"],
                    lines: ["FSTAB_10", "FSTAB_9", "FSTAB_B"]),
                .init(
                    .counter, variables: [:],
                    hooks: ["PRE_INIT_X", "POST_INIT_10", "POST_INIT_2", "POST_INIT_A"],
                    lines: ["FSTAB_10", "FSTAB_9", "FSTAB_B"]),
            ]),
        LTSPSample(
            name: "include-chain",
            text: #"""
                [clients]
                ORDER=clients
                INCLUDE = first
                [first]
                A=first
                INCLUDE=second
                B=first
                [second]
                A=second
                C=second
                INCLUDE=first
                [common]
                ORDER="$ORDER common"
                [counter]
                ORDER="${ORDER} counter ${NOTHING:-none}"
                INCLUDE=missing

                """#,
            common: ["ORDER": "clients common", "A": "second", "B": "first", "C": "second"],
            machines: [
                .init(.hall10, variables: [:]),
                .init(.hall11, variables: [:]),
                .init(.counter, variables: ["ORDER": "clients common counter none"]),
            ]),
    ]
}
