import Testing
import Wire

@testable import Fleet

/// Log-ins of the old files as settings of the log-in screen.
@Suite struct LTSPLogInTests {
    /// The variables of a machine, and what becomes of its log-ins; the variables themselves stay for images of LTSP.
    private static let logIns:
        [(dialect: LTSPVariableKind.Dialect, variables: [String: String], settings: [String: String])] = [
            (
                .lts, ["LDM_AUTOLOGIN": "True", "LDM_USERNAME": "kiosk"],
                ["log-in": "automatic", "log-in-account": "kiosk", "guest-account": "kiosk"]
            ),
            // Without a name, LDM took that of the host.
            (.lts, ["LDM_AUTOLOGIN": "y"], ["log-in": "automatic", "log-in-account": "(.*) → \\1"]),
            (
                .lts, ["LDM_AUTOLOGIN": "True", "HOST_TO_USERNAME": "pc=guest"],
                ["log-in": "automatic", "log-in-account": "pc=guest"]
            ),
            (.lts, ["LDM_AUTOLOGIN": "1"], [:]),
            (.lts, ["LDM_GUESTLOGIN": "True"], ["log-in": "guest", "guest-account": "(.*) → \\1"]),
            (
                .lts, ["LDM_ALLOW_GUEST": "true", "LDM_USERNAME": "visitor"],
                ["log-in": "guest", "log-in-account": "visitor", "guest-account": "visitor"]
            ),
            (
                .lts, ["LDM_AUTOLOGIN": "True", "LDM_GUESTLOGIN": "True", "LDM_USERNAME": "a"],
                ["log-in": "automatic", "log-in-account": "a", "guest-account": "a"]
            ),
            (.lts, ["LDM_USERNAME": "two words"], [:]), (.lts, ["RDP_SERVER": "win.example"], [:]),
            (.ltsp, ["AUTOLOGIN": "visitor"], ["log-in": "automatic", "log-in-account": "visitor"]),
            (
                .ltsp, ["AUTOLOGIN": "hall-([0-9]+)/guest\\1"],
                ["log-in": "automatic", "log-in-account": "hall-([0-9]+)/guest\\1"]
            ),
        ]

    @Test(arguments: logIns)
    func `log-ins become settings of the log-in screen, beside the variables`(
        dialect: LTSPVariableKind.Dialect, variables: [String: String], settings: [String: String]
    ) {
        let place = LTSPPlace(file: dialect.rawValue, line: 1, section: "default")
        let list = variables.sorted { $0.key < $1.key }.map {
            LTSPVariable(name: $0.key, value: $0.value, place: place)
        }
        let all = LTSPTranslation.settings(of: list, in: dialect)
        for (name, value) in variables { #expect(all[dialect.setting(name)] == .text(value), "\(name)") }
        let others = all.filter { !$0.key.hasPrefix("lts.") && !$0.key.hasPrefix("ltsp.") }
        #expect(others == settings.mapValues { .text($0) }, "\(variables)")
    }

    @Test func `the report says what becomes of a log-in, and not its password`() {
        let place = LTSPPlace(file: "lts.conf", line: 1, section: "default")
        func told(_ name: String, _ value: String) -> String {
            let translation = LTSPTranslation(LTSPVariable(name: name, value: value, place: place), in: .lts)
            return "\(translation.fate.rawValue): \(translation.text)"
        }
        #expect(told("LDM_AUTOLOGIN", "True").hasPrefix("translated: log-in=automatic"))
        #expect(told("LDM_USERNAME", "two words").hasPrefix("kept: lts.LDM_USERNAME: "))
        #expect(told("LDM_SERVER", "10.0.0.1").contains("roost server add"))
        let password = told("LDM_PASSWORD", "tiger")
        #expect(
            password.hasPrefix("kept: lts.LDM_PASSWORD: it is a secret here") && !password.contains("tiger"))
    }
}
