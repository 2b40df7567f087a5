import Fleet
import Linux
import Wire

/// The exports as one client sees them, and what it begins with.
final class NBDExportView: NBDExportDirectory {
    /// A volume that was opened for the client, whose thread does not run yet.
    final class OpenVolume {
        let disk: NodeDisk
        private var file: FileDescriptor?
        /// The slot of the file, beside that of the connection.
        let place: PeerLimits.Place

        init(_ disk: NodeDisk, file: consuming FileDescriptor, place: PeerLimits.Place) {
            self.disk = disk
            self.file = consume file
            self.place = place
        }

        /// The file, once.
        func takeFile() -> FileDescriptor? { file.take() }
    }

    private let service: NBDService
    private let peer: IPv4Address
    private let interface: UInt32?
    /// What the last name meant: until the client begins, the name may come to mean another version, or none.
    private var version: ImageVersion?
    /// The version that the client begins with.
    private(set) var image: (file: ServedFile, digest: Digest)?
    /// The volume that the client begins with.
    private(set) var volume: OpenVolume?

    init(service: NBDService, peer: IPv4Address, interface: UInt32?) {
        self.service = service
        self.peer = peer
        self.interface = interface
    }

    func export(named name: String) -> NBDExport? {
        if let volume = VolumeExportName(name) {
            return service.export(of: volume, named: name, for: peer, on: interface)
        }
        version = service.version(named: name)
        return version.flatMap { service.export(of: $0, named: name) }
    }

    var exportNames: [String] { service.exportNames }

    func begin(_ export: NBDExport) -> String? {
        do {
            if let name = VolumeExportName(export.name) { return try begin(name) }
            guard let version else { return "no export ‘\(export.name)’" }
            image = (try service.open(version), version.digest)
            return nil
        } catch {
            return "export ‘\(export.name)’: \(error)"
        }
    }

    private func begin(_ name: VolumeExportName) throws(SystemError) -> String? {
        guard let disk = service.context.disk(name, for: peer, on: interface) else {
            return "the \(name.kind) of \(name.node) was removed"
        }
        // The volume's file is a second descriptor.
        guard let place = service.takePlace(for: peer, on: interface) else {
            return "no second connection for the \(name.kind) of \(name.node)"
        }
        do {
            volume = OpenVolume(disk, file: try disk.open(), place: place)
            return nil
        } catch {
            service.context.limits.release(place)
            throw error
        }
    }
}
