import Wire

/// What the log-ins of the old files become: settings of the log-in screen. The variables stay beside them, for images of LTSP, which read
/// them themselves.
struct LTSPLogIn {
    /// Empty where the variable sets nothing by itself.
    private(set) var settings: [String: SettingValue] = [:]
    /// Why there are none, or what to do instead.
    private(set) var hint: String?

    /// Without a name in the file, LDM took that of the host.
    private static let ownName = "(.*) → \\1"

    /// Nil for a variable that is about something else.
    ///
    /// - Parameter others: of the same machine.
    init?(_ variable: LTSPVariable, in dialect: LTSPVariableKind.Dialect, others: [LTSPVariable]) {
        let value = variable.value
        func isTrue(_ text: String) -> Bool { LTSPTranslation.isTrue(text) }
        switch (dialect, variable.name) {
        case (.lts, "LDM_AUTOLOGIN"):
            guard isTrue(value) else { return }
            settings[Settings.logIn.name] = .text(LogInMode.automatic.rawValue)
            if !Self.hasName(others, orRule: true) {
                settings[Settings.logInAccount.name] = .text(Self.ownName)
            }
        case (.lts, "LDM_GUESTLOGIN"), (.lts, "LDM_ALLOW_GUEST"):
            // The greeter does not come up where the node logs in by itself.
            guard isTrue(value), !others.contains(where: { $0.name == "LDM_AUTOLOGIN" && isTrue($0.value) })
            else { return }
            settings[Settings.logIn.name] = .text(LogInMode.guest.rawValue)
            if !Self.hasName(others, orRule: false) {
                settings[Settings.guestAccount.name] = .text(Self.ownName)
            }
        case (.lts, "LDM_USERNAME"):
            guard !value.isEmpty else { return }
            settings[Settings.logInAccount.name] = .text(value)
            settings[Settings.guestAccount.name] = .text(value)
        case (.lts, "HOST_TO_USERNAME"):
            guard !value.isEmpty, !Self.hasName(others, orRule: false) else { return }
            settings[Settings.logInAccount.name] = .text(value)
        case (.ltsp, "AUTOLOGIN"):
            guard !value.isEmpty else { return }
            settings[Settings.logIn.name] = .text(LogInMode.automatic.rawValue)
            settings[Settings.logInAccount.name] = .text(value)
        case (.lts, "LDM_SERVER"), (.lts, "LDM_AUTOLOGIN_SERVER"), (.lts, "LDM_GUEST_SERVER"),
            (.lts, "RDP_SERVER"):
            hint = "terminal servers and pools are records of their own: roost server add"
        case (.lts, "LDM_PASSWORD"), (.lts, "LDM_PASSWORD_HASH"):
            hint =
                "it is a secret here, and the log-in screen needs none: accounts get a ticket for each session"
        default: return nil
        }
    }

    private static func hasName(_ variables: [LTSPVariable], orRule: Bool) -> Bool {
        variables.contains {
            !$0.value.isEmpty && ($0.name == "LDM_USERNAME" || orRule && $0.name == "HOST_TO_USERNAME")
        }
    }
}
