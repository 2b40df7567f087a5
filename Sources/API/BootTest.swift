package import Fleet
package import Wire

/// A test that the caller runs on its own host.
package struct BootTestRequest: Codable, Sendable {
    /// Left out: 300.
    package var withinSeconds: Int?

    package init(withinSeconds: Int? = nil) { self.withinSeconds = withinSeconds }
}

/// A test that the server's host runs.
package struct ServerBootTestRequest: Codable, Sendable {
    /// Left out: 300.
    package var withinSeconds: Int?
    /// The channel that moves to the version when it becomes ready; left out: none.
    package var promoteTo: ChannelName?

    package init(withinSeconds: Int? = nil, promoteTo: ChannelName? = nil) {
        self.withinSeconds = withinSeconds
        self.promoteTo = promoteTo
    }
}

/// How to start a machine that tests a version.
package struct BootTestAnswer: Codable, Sendable, Equatable {
    package var machine: MACAddress
    package var boot: String
    package var commandLine: [String]
    package var digest: Digest
    package var nodeArchive: Digest
    package var withinSeconds: Int

    package init(
        machine: MACAddress, boot: String, commandLine: [String], digest: Digest, nodeArchive: Digest,
        withinSeconds: Int
    ) {
        self.machine = machine
        self.boot = boot
        self.commandLine = commandLine
        self.digest = digest
        self.nodeArchive = nodeArchive
        self.withinSeconds = withinSeconds
    }
}

/// The result of a test on the caller's host.
package struct BootTestReport: Codable, Sendable {
    package var machine: MACAddress
    package var boot: String
    /// How it ended, in case the machine itself has not reported.
    package var detail: String
    package var console: String

    package init(machine: MACAddress, boot: String, detail: String, console: String) {
        self.machine = machine
        self.boot = boot
        self.detail = detail
        self.console = String(console.suffix(BootTest.consoleLimit))
    }
}
