# Turns files into one C++ source: `cmake -DOUT=… -DROOT=… -DFILES=a;b -P Embed.cmake`.
# Each file becomes an entry {name relative to ROOT, text} of tocsin::embedded_files().
set(text "#include \"app/embedded.h\"\n\nnamespace tocsin {\n\nconst std::map<std::string, std::string>& embedded_files() {\n  static const std::map<std::string, std::string> files = {\n")
foreach(file ${FILES})
  file(READ ${ROOT}/${file} content)
  string(LENGTH "${content}" length)
  string(APPEND text "      {\"${file}\",\n       std::string()")
  set(at 0)
  while(at LESS length)   # compilers bound the length of one literal
    string(SUBSTRING "${content}" ${at} 8000 piece)
    string(APPEND text "\n           + R\"~~~(${piece})~~~\"")
    math(EXPR at "${at} + 8000")
  endwhile()
  string(APPEND text "},\n")
endforeach()
string(APPEND text "  };\n  return files;\n}\n\n}  // namespace tocsin\n")
file(WRITE ${OUT}.new "${text}")
execute_process(COMMAND ${CMAKE_COMMAND} -E copy_if_different ${OUT}.new ${OUT})
