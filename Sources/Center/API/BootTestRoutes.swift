package import Fleet
import Hummingbird
package import Wire

/// Versions that are booted in a virtual machine before they are shipped. The virtual machine is the caller's; the server opens
/// the boot, hears how far it comes, and keeps the result.
struct BootTestRoutes {
    let services: CenterServices

    func add(to api: Routes) {
        api.post("images/:name/versions/:version/boot-tests", .publish) { request, context, caller in
            try caller.require(.publish, in: .site)
            let wish = try await request.decoded(BootTestRequest.self)
            return try await JSONAnswer(begin(wish, version(context)), status: .created)
        }
        api.put("images/:name/versions/:version/boot-test", .publish) { request, context, caller in
            try caller.require(.publish, in: .site)
            let report = try await request.decoded(BootTestReport.self)
            return try await JSONAnswer(end(report, version(context)))
        }
        api.get("images/:name/versions/:version/boot-test", .read) { _, context, _ in
            let version = try version(context)
            guard let test = try await services.fleet.store.bootTest(of: version.image, version.number) else {
                throw StoreError.notFound(
                    "\(version.image)@\(version.number) was never tested (roost image boot-test \(version.image)@\(version.number))"
                )
            }
            return try JSONAnswer(test)
        }
        api.delete("machines/:mac", .configure) { _, context, caller in
            let text = try context.parameter("mac")
            guard let mac = MACAddress(text) else {
                throw Problem(422, "Invalid address", "‘\(text)’ is no hardware address")
            }
            try caller.require(.configure, in: .site)
            try await services.fleet.forget(mac)
            return HTTPResponse.Status.noContent
        }
    }

    private func version(_ context: CenterContext) throws -> ImageVersion {
        let routes = ImageRoutes(services: services)
        return try routes.version(
            context.parameter("version"), of: routes.image(context, in: services.fleet.snapshot))
    }

    private func begin(_ wish: BootTestRequest, _ version: ImageVersion) async throws -> BootTestAnswer {
        let seconds = wish.withinSeconds ?? 300
        guard (10...3_600).contains(seconds) else {
            throw Problem(422, "Invalid number", "withinSeconds: 10 to 3600")
        }
        let policy = await services.policy()
        guard let archive = policy.nodeArchive else {
            throw StoreError.conflict("the server has no initramfs archive: no machine could boot")
        }
        // Locally administered, and nobody's.
        let machine = MACAddress(rawValue: 0x0252_6F00_0000 | UInt64.random(in: 0...0xFF_FFFF))
        let boot = await services.openBoot(machine, version.digest)
        return BootTestAnswer(
            machine: machine, boot: boot,
            commandLine: bootTestCommandLine(
                of: version, as: BootIdentity(macAddress: machine, boot: boot), within: seconds, under: policy
            ),
            digest: version.digest, nodeArchive: archive.digest, withinSeconds: seconds)
    }

    private func end(_ report: BootTestReport, _ version: ImageVersion) async throws -> BootTest {
        let boots = try await services.fleet.store.boots(of: report.machine, limit: 10)
        guard services.fleet.snapshot.node(at: report.machine) == nil,
            let timeline = boots.first(where: { $0.boot == report.boot }),
            timeline.entries.first?.stage == .script
        else { throw StoreError.notFound("there is no boot test \(report.boot) on \(report.machine)") }
        // What the machine has told decides, not what the caller thinks.
        let isReady = timeline.readyAfter != nil
        let told = timeline.entries.last { $0.stage == .failed }?.detail
        let test = BootTest(
            image: version.image, version: version.number, at: Clock.second, isPassed: isReady,
            detail: isReady ? "" : told ?? report.detail, timeline: timeline, console: report.console)
        try await services.fleet.store.save(test)
        try await services.fleet.forget(report.machine)
        return test
    }
}

package struct BootTestRequest: Codable, Sendable {
    /// Left out: 300.
    package var withinSeconds: Int?

    package init(withinSeconds: Int? = nil) { self.withinSeconds = withinSeconds }
}

package struct BootTestAnswer: Codable, Sendable {
    package var machine: MACAddress
    package var boot: String
    package var commandLine: [String]
    package var digest: Digest
    package var nodeArchive: Digest
    package var withinSeconds: Int
}

package struct BootTestReport: Codable, Sendable {
    package var machine: MACAddress
    package var boot: String
    /// How it ended, for when the machine itself has not said so.
    package var detail: String
    package var console: String

    package init(machine: MACAddress, boot: String, detail: String, console: String) {
        self.machine = machine
        self.boot = boot
        self.detail = detail
        self.console = String(console.suffix(BootTest.consoleLimit))
    }
}
