package import Fleet
package import Linux
package import Wire

/// What a boot client gets for a path, over TFTP and HTTP alike.
package enum BootContent {
    case file(ServedFile, isImmutable: Bool, stage: BootStage?)
    case text(String, stage: BootStage?)
    case bytes([UInt8])
}

extension BootContext {
    /// The content at a canonical path (`TFTPPath.canonical`) for the client at `peer`; nil when there is none.
    ///
    /// - Parameter interface: the number of the interface that the request came in on; nil: not known.
    package func content(
        at path: String, memory: MachineMemory? = nil, for peer: IPv4Address, server: IPv4Address,
        on interface: UInt32? = nil
    ) throws(SystemError) -> BootContent? {
        let parts = path.split(separator: "/")
        switch parts.first {
        case "i" where parts.count == 3: return try imageFile(digest: parts[1], file: parts[2])
        case "node" where parts.count == 3:
            return nodeContent(
                parts[1], file: parts[2], memory, peer: peer, server: server, interface: interface)
        default: break
        }
        if let dialect = Self.dialect(at: parts) {
            return variableFile(dialect, in: parts.dropLast(), for: peer, on: interface)
        }
        guard let name = parts.last.map(String.init) else { return nil }
        if name.hasPrefix("grub.cfg"),
            let content = grubConfiguration(name, peer: peer, server: server, interface: interface)
        {
            return content
        }
        // Firmware asks with and without a leading directory, and in either case.
        guard let file = settings.loaders[name] ?? settings.loaders[name.lowercased()] else { return nil }
        return .file(try openChanging(file), isImmutable: false, stage: .loader)
    }

    private func imageFile(digest: Substring, file: Substring) throws(SystemError) -> BootContent? {
        guard let digest = Digest(digest) else { return nil }
        if file == "node.cpio", settings.policy.nodeArchives.values.contains(where: { $0.digest == digest }) {
            let path = "\(settings.nodeArchiveDirectory)/\(digest).cpio"
            return .file(try open(path), isImmutable: true, stage: .initramfs)
        }
        guard let version = snapshot.version(digest), version.isTrusted,
            version.manifest.file(String(file)) != nil
        else {
            return nil
        }
        let stage: BootStage? = file == "kernel" ? .kernel : nil
        return .file(try open(path(of: version, String(file))), isImmutable: true, stage: stage)
    }

    private func nodeContent(
        _ machine: Substring, file: Substring, _ memory: MachineMemory?, peer: IPv4Address,
        server: IPv4Address, interface: UInt32?
    ) -> BootContent? {
        let dialect = LTSPVariableKind.Dialect(rawValue: String(file))
        guard file == "boot.ipxe" || dialect != nil, let machine = MACAddress(machine),
            owns(machine, peer, server: server, interface: interface)
        else { return nil }
        if let dialect { return variableFile(dialect, in: [], for: peer, on: interface) }
        note(.script, of: machine, detail: "iPXE")
        return .text(
            BootScript.ipxe(offer(to: machine, at: peer, server: server), memory: memory).text, stage: nil)
    }

    /// Whether the machine itself asks for its script.
    private func owns(
        _ machine: MACAddress, _ peer: IPv4Address, server: IPv4Address, interface: UInt32?
    ) -> Bool {
        if isOwn(machine, peer, server: server, on: interface) { return true }
        refuse(.script, of: machine, to: peer, on: interface)
        return false
    }

    /// GRUB asks for `grub.cfg-01-MAC`, then `grub.cfg-ADDRESS` in hexadecimal, shortened step by step, then `grub.cfg`; the first of them
    /// that names a known machine is enough.
    private func grubConfiguration(
        _ name: String, peer: IPv4Address, server: IPv4Address, interface: UInt32?
    ) -> BootContent? {
        let suffix = name.dropFirst("grub.cfg".count)
        let machine: MACAddress?
        if suffix.hasPrefix("-01-") {
            machine = MACAddress(suffix.dropFirst(4))
        } else if suffix.isEmpty || suffix == "-\(peer.hexadecimal)" {
            machine = self.machine(at: peer, on: interface)
        } else {
            machine = nil
        }
        guard let machine, owns(machine, peer, server: server, interface: interface) else { return nil }
        note(.script, of: machine, detail: "GRUB")
        return .text(BootScript.grub(offer(to: machine, at: peer, server: server)).text, stage: nil)
    }
}
