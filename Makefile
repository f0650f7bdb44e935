# The front door: every target does its own set-up. The work is done by Meson and by the programs in tools/.
BUILD = build
.PHONY: all demo check check-long bench coverage install clean

all: $(BUILD)/build.ninja
	@ninja -C $(BUILD)

$(BUILD)/build.ninja:
	@tools/setup build
	@meson setup $(BUILD) $(if $(PREFIX),--prefix=$(PREFIX))

demo: all
	@tools/demo

check:
	@tools/check

check-long:
	@tools/check --long

bench: all
	@bench/run

coverage:
	@tools/coverage

install: all
	@meson configure $(BUILD) $(if $(PREFIX),--prefix=$(PREFIX))
	@meson install -C $(BUILD)

clean:
	@rm -rf $(BUILD) build-*
