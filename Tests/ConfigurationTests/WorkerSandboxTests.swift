import Testing

@testable import RoostCommand

/// What the units of workers take from them.
@Suite struct WorkerSandboxTests {
    private static let sandboxes = [
        WorkerSandbox.certificates("/var/lib/roost/center"), WorkerSandbox.trees, WorkerSandbox.builds,
    ]

    private func capabilities(_ sandbox: [String]) -> Set<Substring> {
        let line = sandbox.first { $0.hasPrefix("CapabilityBoundingSet=") } ?? ""
        return Set(line.dropFirst("CapabilityBoundingSet=".count).split(separator: " "))
    }

    @Test(arguments: sandboxes)
    func `no worker gains rights, changes the kernel or the clock, or reaches raw networks and memory`(
        sandbox: [String]
    ) {
        for property in [
            "NoNewPrivileges=yes", "ProtectKernelModules=yes", "ProtectKernelLogs=yes", "ProtectHostname=yes",
            "ProtectControlGroups=yes", "LockPersonality=yes", "RestrictRealtime=yes",
            "SystemCallArchitectures=native",
        ] {
            #expect(sandbox.contains(property))
        }
        let names = sandbox.map { $0.prefix { $0 != "=" } }
        #expect(Set(names).count == names.count && names.contains("UMask") && names.contains("ProtectSystem"))
        let capabilities = capabilities(sandbox)
        let never: Set<Substring> = [
            "CAP_SYS_MODULE", "CAP_SYS_BOOT", "CAP_SYS_TIME", "CAP_SYS_RAWIO", "CAP_SYSLOG", "CAP_NET_RAW",
            "CAP_NET_BIND_SERVICE", "CAP_BPF", "CAP_PERFMON", "CAP_MAC_ADMIN", "CAP_MAC_OVERRIDE",
            "CAP_AUDIT_CONTROL",
        ]
        #expect(!capabilities.isEmpty && capabilities.isDisjoint(with: never))
    }

    @Test func `only builds make devices, and only certificates need no namespaces`() {
        #expect(Self.sandboxes.map { capabilities($0).contains("CAP_MKNOD") } == [false, false, true])
        #expect(Self.sandboxes.map { capabilities($0).contains("CAP_SYS_ADMIN") } == [false, true, true])
        #expect(Self.sandboxes.map { $0.contains("ProtectClock=yes") } == [true, true, false])
        #expect(Self.sandboxes.map { $0.contains("PrivateNetwork=yes") } == [true, false, false])
    }
}
