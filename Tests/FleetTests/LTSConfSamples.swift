@testable import Fleet

/// Short files of LTSP 4 and 5, with what getltscfg and a shell make of them.
extension LTSPSample {
    static let ltsShort: [LTSPSample] = [
        LTSPSample(
            name: "s01-office",
            text: #"""
                # office
                [Default]
                    SCREEN_07 = ldm
                    XKBLAYOUT = "ie"   # keyboard
                    SOUND = True
                    RCFILE_10 = "/usr/local/bin/late"
                    RCFILE_9 = "/usr/local/bin/early"
                    FSTAB_1 = "192.168.40.1:/srv/docs /docs nfs ro,nolock 0 0"

                [02:5B:C1:00:11:0A]
                    SOUND = NONE
                    X_MODE_0 = 1366x768

                [counter]
                    SCREEN_07 = kiosk
                    RCFILE_9 = NONE

                """#,
            common: [
                "SCREEN_07": "ldm", "XKBLAYOUT": "ie", "RCFILE_10": "/usr/local/bin/late",
                "RCFILE_9": "/usr/local/bin/early",
                "FSTAB_1": "192.168.40.1:/srv/docs /docs nfs ro,nolock 0 0",
            ],
            machines: [
                .init(
                    .hall10, variables: ["X_MODE_0": "1366x768"], hooks: ["RCFILE_9", "RCFILE_10"],
                    lines: ["FSTAB_1"]),
                .init(
                    .hall11, variables: ["SOUND": "True"], hooks: ["RCFILE_9", "RCFILE_10"],
                    lines: ["FSTAB_1"]),
                .init(
                    .counter, variables: ["SCREEN_07": "kiosk", "SOUND": "True"], without: ["RCFILE_9"],
                    hooks: ["RCFILE_10"], lines: ["FSTAB_1"]),
            ]),
        LTSPSample(
            name: "s02-groups",
            text: #"""
                [default]
                PLACE = house
                LIKE = ignored-here
                [ignored-here]
                NEVER = 1
                [hall-10]
                LIKE = projector
                PLACE = stage
                [02:5b:c1:00:11:0a]
                PLACE = never-read
                [projector]
                LIKE = wide
                X_COLOR_DEPTH = 24
                [wide]
                X_MODE_0 = 1920x1080
                PLACE = wide
                [hall-*]
                PLACE = hall
                DOOR = A
                [192.168.40.*]
                DOOR = B
                WIRE = cat6

                """#,
            common: ["DOOR": "A", "WIRE": "cat6"],
            machines: [
                .init(
                    .hall10, variables: ["PLACE": "stage", "X_MODE_0": "1920x1080", "X_COLOR_DEPTH": "24"]),
                .init(.hall11, variables: ["PLACE": "hall"]),
                .init(.counter, variables: ["PLACE": "house"], without: ["DOOR", "WIRE"]),
            ]),
        LTSPSample(
            name: "s03-broken-empty",
            text: #"""
                [default]
                SCREEN_07 = ldm
                DNS_SERVER =
                LANG = nb_NO.UTF-8
                [counter]
                SOUND = False
                [hall-10]
                SOUND = True

                """#,
            errorLines: [3, 4],
            common: ["SCREEN_07": "ldm", "DNS_SERVER": "", "LANG": "nb_NO.UTF-8"],
            machines: [
                .init(.counter, variables: ["SOUND": "False"]),
                .init(.hall10, variables: ["SOUND": "True"]),
                .init(.hall11, variables: [:]),
            ]),
        LTSPSample(
            name: "s04-dos-and-accents",
            text:
                "[default]\r\nMENU_TITLE = \"Sélection\"\r\nSCREEN_07=menu\r\n\r\n[counter]\r\nMENU_TITLE = \"Trésor\"\r\n[hall-10]\r\nVOLUME=5\r\n",
            errorLines: [1, 2],
            isLatin: true,
            common: ["SCREEN_07": "menu"],
            machines: [
                .init(.counter, variables: ["MENU_TITLE": "Trésor"]),
                .init(.hall10, variables: ["MENU_TITLE": "Sélection", "VOLUME": "5"]),
                .init(.hall11, variables: ["MENU_TITLE": "Sélection"]),
            ]),
        LTSPSample(
            name: "s05-commands",
            text: #"""
                [default]
                SERVER = 192.168.40.1
                INIT_COMMAND_1 = "echo \"hello \$USER\" > /run/hello"
                RCFILE_01 = "sed -i 's,^Icon=.*,Icon=/pool/a.png,' /usr/share/a.desktop"
                NFS_HOME = "$SERVER:/srv/home"
                [hall-11]
                RCFILE_02 = "mount -t nfs $SERVER:/srv/extra /extra"
                [counter]
                INIT_COMMAND_1 = NONE

                """#,
            common: [
                "SERVER": "192.168.40.1", "INIT_COMMAND_1": "echo \"hello $USER\" > /run/hello",
                "RCFILE_01": "sed -i 's,^Icon=.*,Icon=/pool/a.png,' /usr/share/a.desktop",
                "NFS_HOME": "192.168.40.1:/srv/home",
            ],
            machines: [
                .init(.hall10, variables: [:], hooks: ["INIT_COMMAND_1", "RCFILE_01"]),
                .init(
                    .hall11, variables: ["RCFILE_02": "mount -t nfs 192.168.40.1:/srv/extra /extra"],
                    hooks: ["INIT_COMMAND_1", "RCFILE_01", "RCFILE_02"]),
                .init(.counter, variables: [:], without: ["INIT_COMMAND_1"], hooks: ["RCFILE_01"]),
            ]),
    ]
}
