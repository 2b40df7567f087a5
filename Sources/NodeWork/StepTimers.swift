/// Timers of a node, in whatever its image has for them.
struct StepTimers {
    private static let scripts = "/etc/roost/timers"
    private static let units = "/etc/systemd/system"
    /// busybox reads these; in Alpine the second is a link to the first.
    private static let tables = ["/etc/crontabs", "/var/spool/cron/crontabs"]
    private static let systemdPlaces = ["/usr/lib/systemd/systemd", "/lib/systemd/systemd"]

    let files: RootFiles

    /// - Parameters:
    ///   - calendar: as systemd.time(7) has it.
    ///   - cron: the first five fields of a line.
    func add(_ name: String, calendar: String, cron: String) throws {
        let command = "/bin/sh \(Self.scripts)/\(name)"
        if Self.systemdPlaces.contains(where: files.exists) {
            try addUnits(name, command, calendar)
        } else if files.exists("/etc/cron.d") {
            try write("/etc/cron.d/roost-timer-\(name)", "\(cron) root \(command)\n")
        } else if let table = Self.tables.first(where: files.exists) {
            try files.keep("\(cron) \(command)\n", named: "timer \(name)", in: "\(table)/root")
            // By this file busybox's crond knows that the table of a user has changed.
            try write("\(table)/cron.update", "root\n")
        } else {
            throw StepActing.Failure(
                reason:
                    "the image has neither systemd nor a cron: there is no /etc/cron.d, and no \(Self.tables[0])"
            )
        }
    }

    private func addUnits(_ name: String, _ command: String, _ calendar: String) throws {
        let unit = "roost-timer-\(name)"
        try write(
            "\(Self.units)/\(unit).service",
            """
            [Unit]
            Description=Timer \(name), from the Roost server
            [Service]
            Type=oneshot
            ExecStart=\(command)

            """)
        try write(
            "\(Self.units)/\(unit).timer",
            """
            [Unit]
            Description=Timer \(name), from the Roost server
            [Timer]
            OnCalendar=\(calendar)
            [Install]
            WantedBy=timers.target

            """)
        try files.link("\(Self.units)/timers.target.wants/\(unit).timer", to: "\(Self.units)/\(unit).timer")
    }

    private func write(_ path: String, _ text: String) throws {
        try files.write(path, mode: 0o644, Array(text.utf8))
    }
}
