package import Fleet
package import Wire

/// What a machine would be offered and would boot, with the reasons.
package struct ExplainAnswer: Codable, Sendable {
    package struct Reason: Codable, Sendable {
        package var choice: Sentence
        package var because: Sentence

        package init(choice: Sentence, because: Sentence) {
            self.choice = choice
            self.because = because
        }
    }

    package var node: NodeName
    package var isKnown: Bool
    package var macAddress: MACAddress
    package var address: IPv4Address?
    /// The first stage: a file, a URL, or nothing.
    package var bootFile: String?
    package var bootFileReason: Sentence
    package var script: String
    package var commandLine: [String]
    package var image: String?
    package var reasons: [Reason]

    package init(
        node: NodeName, isKnown: Bool, macAddress: MACAddress, address: IPv4Address? = nil,
        bootFile: String? = nil, bootFileReason: Sentence, script: String, commandLine: [String],
        image: String? = nil, reasons: [Reason]
    ) {
        self.node = node
        self.isKnown = isKnown
        self.macAddress = macAddress
        self.address = address
        self.bootFile = bootFile
        self.bootFileReason = bootFileReason
        self.script = script
        self.commandLine = commandLine
        self.image = image
        self.reasons = reasons
    }
}
