import Fleet
import Glibc
import Linux
import Sealing
import Wire

/// The disks that nodes have on the server.
extension BootContext {
    /// The volume or swap that the machine at `peer` may open: its own, during its present boot.
    ///
    /// - Parameter interface: the number of the interface that the request came in on; nil: not known.
    func disk(_ name: VolumeExportName, for peer: IPv4Address?, on interface: UInt32? = nil) -> NodeDisk? {
        guard let machine = tracker.machine(ofBoot: name.boot), let node = node(of: machine),
            tracker.currentBoot(of: machine) == name.boot
        else { return nil }
        // Without a peer, this server itself is asking.
        if let peer, !isOwn(machine, peer, on: interface) {
            refuse(name.kind == .volume ? .volume : .swap, of: machine, to: peer, on: interface)
            return nil
        }
        switch name.kind {
        case .volume:
            return snapshot.volume(of: node.name).flatMap { volume in
                // A card that belongs to another node since this boot began writes to neither volume.
                volume.place != name.node
                    ? nil
                    : NodeDisk(
                        name: name, path: "\(settings.volumeDirectory)/\(volume.path)",
                        byteCount: volume.byteCount)
            }
        case .swap:
            // A node that got another name since keeps its swap, unless another node has the old name, and swap of its own there.
            guard
                node.name == name.node
                    || (bootNames[machine] == name.node && snapshot.nodes[name.node] == nil)
            else { return nil }
            let places = snapshot.settings(of: node)[Fleet.Settings.swap]
            let sizes = (places ?? []).compactMap { place in
                if case .server(let byteCount) = place { byteCount } else { nil }
            }
            return sizes.first.map { size in
                NodeDisk(
                    name: name, path: "\(settings.volumeDirectory)/\(name.node)/\(name.boot).swap",
                    byteCount: size)
            }
        }
    }

    /// The key of a machine's encrypted volume; nil when it has none.
    ///
    /// - Throws: when it has one whose key is missing or cannot be opened.
    func volumeKey(of machine: MACAddress) throws(SystemError) -> [UInt8]? {
        guard let node = node(of: machine), let volume = snapshot.volume(of: node.name),
            volume.isEncrypted, (try? snapshot.settings(of: node).volumeKind) == .disk
        else { return nil }
        let path = "\(settings.volumeDirectory)/\(volume.keyPath)"
        guard let key = settings.secrets.open(try WholeFile.read(path)) else {
            throw SystemError("open the key of the volume of \(node.name) with keys/nodes", number: EBADMSG)
        }
        return key.bytes
    }
}
