import Wire

/// What somebody in front of a waiting machine has typed: what it is to be called and where it belongs.
package struct Registration: Equatable, Sendable {
    package var name: NodeName
    package var group: GroupPath
    /// Empty when none was typed: then it is a wish, and somebody approves it on the page.
    package var pin: String

    package init(name: NodeName, group: GroupPath, pin: String) {
        self.name = name
        self.group = group
        self.pin = pin
    }
}

extension FleetSnapshot {
    /// Whether somebody who knows the PIN of this site registers machines without anybody else.
    package var asksForPIN: Bool { registrationPIN != nil }

    /// What approves a waiting machine; nil for none, and for one that cannot be read: then administrators do.
    package var registrationPIN: RegistrationPIN? {
        settings(of: GroupPath.site)[Settings.registrationPIN] ?? nil
    }
}
