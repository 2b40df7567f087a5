import Fleet
import Wire

/// `lts.conf` as old clients ask for it, over TFTP and HTTP alike.
extension BootContext {
    /// The dialect of a file that old clients ask for: `lts.conf`, `ltsp/i386/lts.conf`, `ltsp-trusty/amd64/lts.conf`.
    static func dialect(at parts: [Substring]) -> LTSPVariableKind.Dialect? {
        guard parts.count < 4 else { return nil }
        return parts.last.flatMap { LTSPVariableKind.Dialect(rawValue: $0.lowercased()) }
    }

    /// What applies to the client at `peer`; nil when nothing does.
    ///
    /// - Parameter directories: those of the path, of which one may name an image.
    func variableFile(
        _ dialect: LTSPVariableKind.Dialect, in directories: ArraySlice<Substring>, for peer: IPv4Address,
        on interface: UInt32?
    ) -> BootContent? {
        let card = machine(at: peer, on: interface)
        let owner: Node? = card.flatMap { self.node(of: $0) }
        // Where a TPM decides who gets a configuration, an address is no proof: what is confidential in it goes nowhere in clear.
        let isNodeItself = card.map { owner != nil && !isTPMDecisive(for: $0, at: peer) } ?? false
        let reader = VariableReader(node: owner, card: card, address: peer, isNodeItself: isNodeItself)
        return snapshot.variableFile(dialect, for: reader, image: image(named: directories)).map {
            .text($0, stage: nil)
        }
    }

    /// Servers of LTSP had one directory for each image: `ltsp/IMAGE`, or `ltsp-NAME/ARCHITECTURE`.
    private func image(named directories: ArraySlice<Substring>) -> ImageName? {
        let whole = directories.joined(separator: "-")
        let prefix = "ltsp-"
        let names = [whole] + directories.reversed().map(String.init)
        return names.flatMap { [$0, $0.hasPrefix(prefix) ? String($0.dropFirst(prefix.count)) : $0] }
            .lazy.compactMap { try? ImageName($0) }.first { self.snapshot.images[$0] != nil }
    }
}
