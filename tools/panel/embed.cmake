# Puts the panel and the description of the API into a library: one assembler
# file that includes the bytes, one C++ file that lists them. The panel is built
# with npm beforehand (tools/panel/dist/); without it, it is left out.
set(panel ${CMAKE_CURRENT_LIST_DIR})
set(files ${panel}/openapi.json)
set(paths /.api/openapi.json)
if(EXISTS ${panel}/dist/index.html)
  file(GLOB_RECURSE built CONFIGURE_DEPENDS RELATIVE ${panel}/dist
       ${panel}/dist/*)
  foreach(name IN LISTS built)
    list(APPEND files ${panel}/dist/${name})
    list(APPEND paths /.admin/${name})
  endforeach()
else()
  message(STATUS "tools/panel/dist is not built: the panel is left out")
endif()

set(bytes "    .section .rodata\n")
set(declared "")
set(listed "")
set(i 0)
foreach(file path IN ZIP_LISTS files paths)
  string(APPEND bytes "    .global aps_asset_${i}\n    .global aps_asset_end_${i}\n"
         "aps_asset_${i}:\n    .incbin \"${file}\"\naps_asset_end_${i}:\n    .byte 0\n")
  string(APPEND declared "extern const char aps_asset_${i}[];\n"
         "extern const char aps_asset_end_${i}[];\n")
  string(APPEND listed "    {\"${path}\", {aps_asset_${i},\n"
         "      static_cast<size_t>(aps_asset_end_${i} - aps_asset_${i})}},\n")
  math(EXPR i "${i} + 1")
endforeach()
string(APPEND bytes "    .section .note.GNU-stack,\"\",%progbits\n")

set(generated ${CMAKE_CURRENT_BINARY_DIR}/panel)
file(CONFIGURE OUTPUT ${generated}/bytes.S CONTENT "${bytes}" @ONLY)
file(CONFIGURE OUTPUT ${generated}/assets.cpp CONTENT
"#include \"tools/panel/assets.hpp\"

extern \"C\" {
${declared}}

namespace aps::panel {

std::vector<asset> assets() {
  return {
${listed}  };
}

} // namespace aps::panel
" @ONLY)
enable_language(ASM)
add_library(aps_panel STATIC ${generated}/assets.cpp ${generated}/bytes.S)
set_source_files_properties(${generated}/bytes.S PROPERTIES
  OBJECT_DEPENDS "${files}")
target_link_libraries(aps_panel PUBLIC aps_actors)
