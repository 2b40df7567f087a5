@testable import Fleet

/// Files for single rules, of LTSP 19 and later, with what its own scripts make of them in dash.
extension LTSPSample {
    static let ltspRules: [LTSPSample] = [
        LTSPSample(
            name: "same-function",
            text: #"""
                [clients]
                A=1
                [hall-10]
                B=dash
                [hall_10]
                B=line
                [counter]
                C=1
                [counter]
                C=2

                """#,
            common: ["A": "1"],
            machines: [
                .init(.hall10, variables: ["B": "line"]),
                .init(.hall11, variables: [:]),
                .init(.counter, variables: ["C": "2"]),
            ]),
        LTSPSample(
            name: "above-the-first",
            text: #"""
                ABOVE=1
                SHARED=unnamed
                [clients]
                SHARED=clients
                [init/]
                APPLET=yes
                [init/counter]
                MINE=counter
                [init/02:5b:*]
                MINE=card
                [dnsmasq/]
                DNSMASQ=yes
                [server]
                NFS_HOME=1

                """#,
            common: ["ABOVE": "1", "SHARED": "clients", "APPLET": "yes", "MINE": "card"],
            machines: [
                .init(.hall10, variables: [:]),
                .init(.hall11, variables: [:]),
                .init(.counter, variables: ["MINE": "counter"]),
                .init(
                    LTSPMachine(macAddress: "02:5b:c1:00:00:01", address: "192.168.40.1", hostName: "main"),
                    on: .init(isServer: true, applet: "ipxe"),
                    variables: ["SHARED": "unnamed", "NFS_HOME": "1"], without: ["MINE", "APPLET"]),
            ]),
        LTSPSample(
            name: "everything",
            text: #"""
                [*]
                ANY=1
                [clients]
                A=clients
                [counter]
                A=counter

                """#,
            common: ["ANY": "1"],
            machines: [
                .init(.hall10, variables: [:]),
                .init(.hall11, variables: [:]),
                .init(.counter, variables: [:]),
            ]),
        LTSPSample(
            name: "boot",
            text: #"""
                [server]
                DEFAULT_IMAGE=bionic-mate
                [common]
                KERNEL_PARAMETERS="nomodeset noapic"
                TIMEZONE=Europe/Athens
                [66:9d:3f:81:20:fe]
                DEFAULT_IMAGE=jammy
                MENU_TIMEOUT=-1
                KERNEL_PARAMETERS="forcepae"
                HOSTS_1="192.168.67.10 nfs-server"

                """#,
            common: ["KERNEL_PARAMETERS": "nomodeset noapic", "TIMEZONE": "Europe/Athens"],
            machines: [
                .init(.hall10, variables: [:]),
                .init(.hall11, variables: [:]),
                .init(
                    .counter,
                    variables: [
                        "DEFAULT_IMAGE": "jammy", "KERNEL_PARAMETERS": "forcepae", "MENU_TIMEOUT": "-1",
                        "HOSTS_1": "192.168.67.10 nfs-server",
                    ], lines: ["HOSTS_1"]),
                .init(
                    LTSPMachine(macAddress: "02:5b:c1:00:00:01", address: "192.168.40.1", hostName: "main"),
                    on: .init(isServer: true, applet: "ipxe"), variables: ["DEFAULT_IMAGE": "bionic-mate"]),
            ]),
        LTSPSample(
            name: "several-on-a-line",
            text: #"""
                [clients]
                A=1 B=2; C=$A$B
                  D=4   # indented
                export E=5
                unset A
                F="a#b" # c
                G=a#b

                """#,
            common: ["B": "2", "C": "12", "D": "4", "E": "5", "F": "a#b", "G": "a#b"],
            machines: [
                .init(.hall10, variables: [:]),
                .init(.hall11, variables: [:]),
                .init(.counter, variables: [:]),
            ]),
    ]
}
