@testable import Fleet

/// Short files of LTSP 19 and later, with what its own scripts make of them in dash.
extension LTSPSample {
    static let ltspShort: [LTSPSample] = [
        LTSPSample(
            name: "s06-school",
            text: #"""
                # /bin/sh -n
                [server]
                NFS_HOME=1
                IPXE_CLASS_IMG="Class image"
                [common]
                DNS=1
                [clients]
                FSTAB_HOME="server:/home /home nfs defaults,nolock 0 0"
                POST_INIT_20="echo twenty"
                POST_INIT_3="echo three"
                [02:5b:c1:00:11:0a]
                HOSTNAME=h10
                INCLUDE=Beamer
                [h10]
                PWMERGE_SUR="teacher"
                [beamer]
                X_MODES='"1280x720"'
                [counter]
                DNS=0

                """#,
            common: [
                "DNS": "1", "FSTAB_HOME": "server:/home /home nfs defaults,nolock 0 0",
                "POST_INIT_20": "echo twenty", "POST_INIT_3": "echo three",
            ],
            machines: [
                .init(
                    LTSPMachine(macAddress: "02:5b:c1:00:11:0a", address: "192.168.40.10", hostName: ""),
                    variables: ["HOSTNAME": "h10", "PWMERGE_SUR": "teacher", "X_MODES": "\"1280x720\""],
                    hooks: ["POST_INIT_20", "POST_INIT_3"], lines: ["FSTAB_HOME"]),
                .init(
                    LTSPMachine(macAddress: "02:5b:c1:00:11:0b", address: "192.168.40.11", hostName: ""),
                    variables: [:], hooks: ["POST_INIT_20", "POST_INIT_3"], lines: ["FSTAB_HOME"]),
                .init(
                    .counter, variables: ["DNS": "0"], hooks: ["POST_INIT_20", "POST_INIT_3"],
                    lines: ["FSTAB_HOME"]),
                .init(
                    LTSPMachine(macAddress: "02:5b:c1:00:00:01", address: "192.168.40.1", hostName: "main"),
                    on: .init(isServer: true, applet: "ipxe"),
                    variables: ["IPXE_CLASS_IMG": "Class image", "NFS_HOME": "1"],
                    without: ["FSTAB_HOME", "POST_INIT_20", "POST_INIT_3"]),
            ]),
        LTSPSample(
            name: "s07-patterns",
            text: #"""
                [clients]
                A=clients
                [02:5b:c1:*]
                A=lot
                LOT=1
                [02:5b:c1:00:11:0a]
                A=never
                [192.168.40.1?]
                B=ten-to-nineteen
                [hall-1*|counter]
                C=open
                [hall-10]
                C=never

                """#,
            common: ["A": "lot", "B": "ten-to-nineteen", "C": "open", "LOT": "1"],
            machines: [
                .init(.hall10, variables: [:]),
                .init(.hall11, variables: [:]),
                .init(.counter, variables: ["A": "clients"], without: ["B", "LOT"]),
            ]),
        LTSPSample(
            name: "s08-lines",
            text: #"""
                [clients]
                LIGHTDM_CONF="user-session=lxqt
                greeter-hide-users=true"
                X_MODELINE='"800x600_56" 36.0  800 824 896 1024  600 601 603 625'
                POST_INIT_BIG="section_big_job"
                [big_job]
                touch /nonexistent/dir/file
                [counter]
                LIGHTDM_CONF='autologin-guest=true
                '

                """#,
            common: [
                "LIGHTDM_CONF": "user-session=lxqt\ngreeter-hide-users=true",
                "POST_INIT_BIG": "section_big_job",
                "X_MODELINE": "\"800x600_56\" 36.0  800 824 896 1024  600 601 603 625",
            ],
            machines: [
                .init(.hall10, variables: [:], hooks: ["POST_INIT_BIG"]),
                .init(
                    .counter, variables: ["LIGHTDM_CONF": "autologin-guest=true\n"], hooks: ["POST_INIT_BIG"]),
                .init(.hall11, variables: [:], hooks: ["POST_INIT_BIG"]),
            ]),
        LTSPSample(
            name: "s09-broken-quote",
            text: #"""
                [clients]
                A=1
                KEEP_SYSTEM_SERVICES="ssh cups
                [counter]
                B=1
                [hall-10]
                C=1

                """#,
            errorLines: [3, 7, 8],
            common: [:],
            machines: [
                .init(.counter, variables: [:]),
                .init(.hall10, variables: [:]),
                .init(.hall11, variables: [:]),
            ]),
        LTSPSample(
            name: "s10-blanks",
            text: #"""
                [clients]
                NFS_HOME = 1
                CUPS_SERVER=
                  INCLUDE=tune
                  MULTISEAT=1
                [tune]
                READ_AHEAD_KB=256
                [counter]
                INCLUDE = "tune" # here it counts
                [hall-10]
                MULTISEAT =0

                """#,
            warningLines: [4],
            common: ["CUPS_SERVER": "", "INCLUDE": "tune", "NFS_HOME": "1"],
            machines: [
                .init(.hall10, variables: ["MULTISEAT": "0"]),
                .init(.counter, variables: ["MULTISEAT": "1", "READ_AHEAD_KB": "256"]),
                .init(.hall11, variables: ["MULTISEAT": "1"]),
            ]),
    ]
}
