import Testing
import Wire

/// What exporters for Prometheus tell, and what is not believed of it.
@Suite struct ExporterReadingTests {
    private static func reading(_ text: String) -> ExporterReading? {
        ExporterReading(ExporterText(Array(text.utf8), namesBeginningWith: ExporterReading.prefixes))
    }

    private static let windows = #"""
        # HELP windows_cpu_time_total Time that processor spent in different modes
        # TYPE windows_cpu_time_total counter
        windows_cpu_time_total{core="0,0",mode="idle"} 900
        windows_cpu_time_total{core="0,0",mode="user"} 100
        windows_cpu_time_total{core="0,1",mode="idle"} 800
        windows_cpu_time_total{core="0,1",mode="privileged"} 200
        windows_memory_physical_total_bytes 1.7179869184e+10
        windows_memory_available_bytes 8.589934592e+09
        windows_system_processor_queue_length 3
        windows_terminal_services_session_info{host="PC1",id="2",session_name="RDP-Tcp 0",state="active",user="SCHOOL\\anna"} 1
        windows_terminal_services_session_info{host="PC1",id="2",session_name="RDP-Tcp 0",state="disconnected",user="SCHOOL\\anna"} 0
        windows_terminal_services_session_info{host="",id="3",session_name="",state="active",user="SCHOOL\\ben"} 0
        windows_terminal_services_session_info{host="",id="3",session_name="",state="disconnected",user="SCHOOL\\ben"} 1
        windows_terminal_services_session_info{host="",id="65536",session_name="RDP-Tcp",state="listen",user=""} 1
        windows_terminal_services_session_info{host="",id="1",session_name="Console",state="connected",user="\\"} 1
        """#

    @Test func `windows_exporter tells of processors, memory and sessions`() throws {
        let reading = try #require(Self.reading(Self.windows))
        #expect(reading.kind == .windows && reading.processorCount == 2 && reading.sessionCount == 2)
        #expect(reading.processorSeconds == 2_000 && reading.idleSeconds == 1_700)
        #expect(reading.memoryByteCount == 17_179_869_184 && reading.availableByteCount == 8_589_934_592)
        #expect(reading.queueLength == 3 && reading.loadAverage == nil)
    }

    @Test func `so do older versions by their own names`() throws {
        let reading = try #require(
            Self.reading(
                """
                windows_cs_logical_processors 4
                windows_cs_physical_memory_bytes 4e9
                windows_os_physical_memory_free_bytes 1e9
                windows_logon_logon_type{status="interactive"} 1
                windows_logon_logon_type{status="remote_interactive"} 5
                """))
        #expect(reading.processorCount == 4 && reading.sessionCount == 5)
        #expect(reading.memoryByteCount == 4e9 && reading.availableByteCount == 1e9)
    }

    @Test func `node_exporter tells the load average, and sessions where it asks logind`() throws {
        let text = """
            node_load1 0.42
            node_load15 9
            node_cpu_seconds_total{cpu="0",mode="idle"} 10
            node_cpu_seconds_total{cpu="1",mode="user"} 5
            node_memory_MemTotal_bytes 8.0e9
            node_memory_MemAvailable_bytes 6.0e9
            """
        let reading = try #require(Self.reading(text))
        #expect(reading.kind == .node && reading.loadAverage == 0.42 && reading.processorCount == 2)
        #expect(reading.memoryByteCount == 8e9 && reading.availableByteCount == 6e9)
        #expect(reading.sessionCount == nil, "what is not told is not zero")
        let logind = "\nnode_logind_sessions{class=\"user\",remote=\"true\",seat=\"\",type=\"x11\"} 3\n"
        #expect(Self.reading(text + logind)?.sessionCount == 3)
        let greeter =
            "\nnode_logind_sessions{class=\"greeter\",remote=\"false\",seat=\"seat0\",type=\"x11\"} 1\n"
        #expect(Self.reading(text + greeter)?.sessionCount == 0)
    }

    @Test func `what is neither is no reading`() {
        #expect(Self.reading("") == nil)
        #expect(Self.reading("<html>windows_cpu</html>\ngo_goroutines 9\n") == nil)
    }

    @Test func `lines that are no samples are skipped, and labels are read as they are written`() {
        let text = ExporterText(
            Array(
                #"""
                a_one{b="x\"y\\z\n",c="1"} 1 1700000000
                a_two{b="unfinished} 2
                a_three{b=} 3
                a_four
                a_five{} NaN
                a_six { d = "e" , } 6
                a_seven 7seven
                b_eight 8
                """#.utf8), namesBeginningWith: ["a_"])
        #expect(text.samples.map(\.name) == ["a_one", "a_five", "a_six"])
        #expect(text.samples[0].labels == ["b": "x\"y\\z\n", "c": "1"])
        #expect(text.samples[1].value.isNaN && text.samples[2].labels == ["d": "e"])
    }

    @Test func `an endless answer is read as far as the limits go`() {
        let line = Array("a_b{c=\"d\"} 1\n".utf8)
        var many: [UInt8] = []
        for _ in 0..<30_000 { many += line }
        #expect(ExporterText(many, namesBeginningWith: ["a_"]).samples.count == 20_000)
        let long = Array("a_b{c=\"".utf8) + [UInt8](repeating: 120, count: 1 << 20)
        #expect(ExporterText(long, namesBeginningWith: ["a_"]).samples.isEmpty)
    }

    @Test(arguments: ["NaN", "+Inf", "-5", "1e300"])
    func `numbers that cannot be do no harm`(number: String) {
        let reading = Self.reading(
            """
            windows_cs_logical_processors \(number)
            windows_cs_physical_memory_bytes \(number)
            windows_logon_logon_type{status="remote_interactive"} \(number)
            """)
        #expect(reading != nil)
        #expect((reading?.sessionCount ?? 0) <= 1_000_000)
    }
}
