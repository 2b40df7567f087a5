import Wire

/// The name and place that a person typed at a waiting machine.
package struct Registration: Equatable, Sendable {
    package var name: NodeName
    package var group: GroupPath
    /// Empty if none was typed: then it is a request, to be approved on the page.
    package var pin: String

    package init(name: NodeName, group: GroupPath, pin: String) {
        self.name = name
        self.group = group
        self.pin = pin
    }
}

extension FleetSnapshot {
    /// Whether knowing the site's PIN is enough to register machines.
    package var asksForPIN: Bool { registrationPIN != nil }

    /// The PIN that approves a waiting machine; nil if there is none or it is unreadable: then administrators approve.
    package var registrationPIN: RegistrationPIN? {
        settings(of: GroupPath.site)[Settings.registrationPIN] ?? nil
    }
}
