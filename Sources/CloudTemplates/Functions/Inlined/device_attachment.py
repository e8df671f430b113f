# device_attachment.py of autoheal-agent, shortened
A8='released'
A7='refused'
A6='LAUNCH_UNTIL'
A5='holder.id'
A4='attached'
A3='detached'
A2='Attachments'
A1='running'
A0='The lifecycle action is over: nothing is left to do.'
z='Values'
y='WarmPool'
x='LifecycleHookName'
w='LifecycleTransition'
v='info'
u='the time is up'
t=getattr
s=NotImplementedError
i='alarm'
h='failed'
g='volume.id'
f='AvailabilityZone'
e='ABANDON'
d='OVER'
A='Name'
c='host.id'
b=next
a=set
Z='volumes'
Y='CONTINUE'
X='AutoScalingGroupName'
W='outcome'
V='Code'
U='Error'
T='ValidationError'
R='autoscaling'
P='VolumeId'
O='InstanceId'
N=False
M='warning'
L=len
J='ec2'
I=True
H=Exception
G='State'
F='reason'
E='awaited'
D='error'
C=str
B=None
import datetime as A9,json,os,time,traceback as AA
from botocore.exceptions import ClientError as K
import functools as AB,json,os,random,re,zlib,boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError as AC,ClientError as K
from botocore.parsers import ResponseParserError as AD
Q=5
j=30
k=100
CALLS=Config(connect_timeout=3,read_timeout=10,retries={'mode':'standard','total_max_attempts':1})
S={'RequestLimitExceeded','Throttling'}
KEPT_FOR=60
l={'AccessDenied','AuthFailure','UnauthorizedOperation',T}
AE=re.compile('(?<=\\n)(autoheal-outcome/1 version=\\S+ instance=(\\S+) boot=(\\S{36}) volumes=(\\S+) outcome=(\\S+) exit=\\d+ reason=\\S+) crc=([0-9a-f]{8})(?=[\\r\\n])')
class GiveUp(H):...
@AB.cache
def client(service):return boto3.client(service,config=CALLS)
def wanted_volumes():
 C='VOLUMES';A=[A.strip().partition('=')for A in os.environ[C].split(',')];B={B:A for(A,C,B)in A if A and B}
 if L(B)!=L(A)or L(a(B.values()))!=L(A):raise ValueError(f"VOLUMES is not a list of device=volume-id, each once: {os.environ[C]!r}")
 return B
def newest_outcome(console,instance):
 A=[A for A in AE.finditer(console)if A[2]==instance];A=[A for A in A if f"{zlib.crc32(A[1].encode()):08x}"==A[6]]
 for C in reversed(A):
  if C[3]==A[-1][3]and wanted_volumes().keys()<=a(C[4].split(',')):return C[0],C[5]
 return B,B
class Work:
 pause=Q;refusals=l;reserve=k
 def __init__(A,context,sleep,about):A.context=context;A.sleep=sleep;A.about=about;A.awaited={};A.kept={};A.slowed=.0
 def verdict(A,refused):raise s
 def time_is_up(A):return u
 def converge(A,look):
  J='an answer without an error';H=[]
  while I:
   B=''
   try:
    F=look()
    if not F:return
   except K as G:
    B=G.response[U][V];F={E:J,D:C(G)};H=[*H,B]if B in A.refusals else[]
    if(L:=H and A.verdict(H)):raise L(C(G))from G
   except(AC,AD)as G:B='lost';F={E:J,D:C(G)}
   if not B:H=[]
   elif B not in S:A.kept.clear()
   if F!=A.awaited:A.log('Waiting.',F,M if D in F else v)
   A.awaited=F;A.rest(B in S)
 def rest(A,throttled=N):B=throttled;A.slowed=min(max(2*A.slowed,Q),j)if B else A.slowed/2;C=A.slowed if B else max(A.slowed,A.pause);A.sleep(C*random.uniform(.75,1)if A.slowed>1 else C)
 def known(A,what,ask,*C):
  B=what
  if B not in A.kept or A.kept[B][1]-A.remaining()>KEPT_FOR:A.kept[B]=ask(*C),A.remaining()
  return A.kept[B][0]
 def read_console(B,instance):A=instance;C=B.call(J,'get_console_output',InstanceId=A,Latest=I).get('Output','');return newest_outcome(C,A)
 def call(A,service,operation,**B):
  if A.remaining()<A.reserve:raise GiveUp(A.time_is_up())
  return t(client(service),operation)(**B)
 def remaining(A):return A.context.get_remaining_time_in_millis()/1000
 def log(A,message,data=B,level=v):D=t(A.context,'aws_request_id',B);E={'level':level,'message':message,**A.about,'faas.invocation_id':D};print(json.dumps({**E,**(data or{})},default=C),flush=I)
m='autoscaling:EC2_INSTANCE_LAUNCHING'
n='autoscaling:EC2_INSTANCE_TERMINATING'
AF=300
o=15
AG=45
p=15
q=60
r=300
AH=60
AI=300
AJ=2000
AK={'shutting-down','terminated','stopping','stopped'}
AL='InstanceStatus','SystemStatus','AttachedEbsStatus'
AM={'deleting','deleted',D}
AN={'InvalidVolume.NotFound','InvalidVolume.ZoneMismatch','InvalidAllocationID.NotFound'}
AO={'AttachmentLimitExceeded','CustomerKeyHasBeenRevoked','InvalidKMSKey.InvalidState','InvalidParameterValue','UnsupportedOperation'}
AP=3
class Over(H):...
class RunAgain(H):...
class Refused(H):...
def handler(event,context,sleep=time.sleep,now=time.time):
 G='Records';B=event;D=G in B;C=json.loads(B[G][0]['body'])if D else B.get('detail')or{};H=Termination if C.get(w)==n else Launch;A=H(C,context,sleep,now);E=A.not_ours()
 if E:A.log('Ignored an event that is not for this function.',{F:E});return{c:A.instance,W:'IGNORED'}
 A.is_second,A.since=D,B.get('time')or C.get('Time');return{c:A.instance,W:A.serve()}
class Action(Work):
 refusals=l|AN|AO;hook,transition='HOOK_NAME',m;is_second=N;since=B
 def __init__(A,detail,context,sleep,now):C=detail;A.detail,A.now=C,now;A.instance=C.get('EC2InstanceId');super().__init__(context,sleep,{c:A.instance});A.next_heartbeat=B
 def not_ours(A):
  for(C,D)in((X,os.environ['GROUP_NAME']),(x,os.environ.get(A.hook,'')),(w,A.transition)):
   if A.detail.get(C)!=D:return f"{C} is {A.detail.get(C)}, not {D}"
  if A.transition==m and A.detail.get('Destination')==y:return'the instance goes to a warm pool, not into service'
  return B if A.instance else'it names no instance'
 def verdict(C,refused):
  A=refused;B=1 if A[-1]==T and C.age()>60 else AP
  if A[-B:]!=A[-1:]*B:return
  return Over if A[-1]==T else GiveUp
 def serve(A):raise s
 def age(A):return A.now()-A9.datetime.fromisoformat(A.since).timestamp()if A.since else 0
 def prove_active(A):
  if A.next_heartbeat is B or A.remaining()<=A.next_heartbeat:
   try:A.call(R,'record_lifecycle_action_heartbeat',**A.action());A.next_heartbeat=A.remaining()-AF
   except K as C:
    if A.next_heartbeat is B or C.response[U][V]not in S:raise
 def state_of(C,instance):D=C.call(J,'describe_instances',Filters=[{A:'instance-id',z:[instance]}]);B=b((B for A in D['Reservations']for B in A['Instances']),{});return B.get(G,{}).get(A),B
 def describe_volumes(B,ids):C=[{A:'volume-id',z:ids}];return B.call(J,'describe_volumes',VolumeIds=ids,Filters=C)['Volumes']
 def describe_address(A,allocation):return A.call(J,'describe_addresses',AllocationIds=[allocation])['Addresses'][0]
 def is_impaired(A):B=A.call(J,'describe_instance_status',InstanceIds=[A.instance])['InstanceStatuses'];return any(A.get(B,{}).get('Status')=='impaired'for A in B for B in AL)
 def complete(A,result):
  B=result
  while I:
   try:client(R).complete_lifecycle_action(**A.action(),LifecycleActionResult=B);A.log('Completed the lifecycle action.',{W:B});return B
   except H as E:
    G=E.response[U][V]if isinstance(E,K)else''
    if G==T:A.log('The lifecycle action is over already.',{W:B,F:C(E)});return d
    A.log('The lifecycle action could not be completed.',{D:C(E)},D)
    if A.remaining()<o+j:raise
   A.pause=Q;A.rest(G in S)
 def action(A):B={x,X,'LifecycleActionToken'};return{O:A.instance,**{B:A.detail[B]for B in B&A.detail.keys()}}
class Launch(Action):
 is_well=N;attached_at=B;in_place_at=B;console_at=B;console_every=p;is_silent=N;stale=B
 def serve(A):
  A.log('An instance is launching.');A.may_be_stale=A.detail.get('Origin')==y
  try:E=wanted_volumes();A.converge(lambda:A.look(E))
  except Over as G:A.log(A0,{F:C(G)});return d
  except RunAgain:
   A.log('The time of this run is up: the same event is to be run again.',A.awaited,M)
   try:client(R).record_lifecycle_action_heartbeat(**A.action())
   except H as B:A.log("The hook's clock could not be restarted.",{D:C(B)},M)
   raise
  except Refused as I:return A.refuse(C(I))
  except GiveUp as J:A.log('Giving the launch up.',{**A.awaited,F:C(J)},D);return A.complete(e)
  except H as B:A.log('An unexpected error.',{F:repr(B),'trace':AA.format_exc()},D);return A.complete(e)
  return A.complete(Y)
 def is_idle(A):return A.is_second and not A.attached_at
 def may_run_again(A):return A.is_well and A.age()<AJ+(AI if A.is_second else 0)
 def time_is_up(A):
  if A.may_run_again():raise RunAgain
  return u
 def look(A,volumes):
  G='instance';D=volumes;A.pause=AH if A.is_idle()else Q;A.prove_active();C,H=A.known(G,A.state_of,A.instance)
  if C in AK:raise GiveUp(f"the instance is {C}")
  A.is_well=bool(C)
  if C!=A1:del A.kept[G];return{E:'the instance to run','host.state':C or'not visible yet'}
  I=H['Placement'][f];F=A.known(Z,A.describe_volumes,list(D))
  if L(F)<L(D):del A.kept[Z];return{E:'the volumes to be visible'}
  J=[A.look_at_volume(B,D[B[P]],I)for B in F]
  if(K:=b(filter(B,J),B)):A.kept.pop(Z,B);return K
  return A.look_at_address()or A.look_at_console()
 def look_at_volume(A,volume,device,zone):
  R='Device';N='the volume to be attached to this instance';L='volume.device';H=device;C=volume;D={g:C[P],L:H,'volume.state':C[G]}
  if C[G]in AM:raise GiveUp(f"volume {C[P]} is in state {C[G]}")
  if C[f]!=zone:raise GiveUp(f"volume {C[P]} is in {C[f]}, the instance in {zone}")
  S=[A for A in C.get(A2,[])if A[G]!=A3]
  for F in sorted(S,key=lambda each:each[O]==A.instance):
   I,K=F[G],F[O];D['volume.attachment_state']=I
   if K!=A.instance:return A.wait_for_holder(K,D)
   if I!=A4:return{E:N,**D}
   if F.get(R)!=H and not A.in_place_at:T={**D,L:F.get(R)};A.log('Attached under another device name.',T,M)
   return
  if C[G]!='available':return{E:'the volume to be available',**D}
  A.remember_failure();A.log('Attaching the volume.',D);A.call(J,'attach_volume',VolumeId=C[P],InstanceId=A.instance,Device=H);A.kept.pop(Z,B);A.pause,A.attached_at=Q,A.remaining();return{E:N,**D}
 def wait_for_holder(A,holder,seen):B=holder;A.may_be_stale=I;C=A.known(B,A.state_of,B)[0]or'gone';return{E:'another instance to release the volume',A5:B,'holder.state':C,**seen}
 def look_at_address(A):
  F='address';B=os.environ.get('ALLOCATION_ID')
  if not B:return
  C=A.known(F,A.describe_address,B)
  if C.get(O)==A.instance:return
  D={'address.id':B,A5:C.get(O)};A.log('Associating the address.',D);A.call(J,'associate_address',AllocationId=B,InstanceId=A.instance,AllowReassociation=I);del A.kept[F];return{E:'the address to be associated with this instance',**D}
 def remember_failure(A):
  if A.may_be_stale and os.environ.get(A6)=='data':
   A.may_be_stale=N
   try:E,F=A.read_console(A.instance);A.stale=E if F==h else B
   except K as G:A.log('The console could not be read before the attach.',{D:C(G)},M)
 def look_at_console(A):
  if os.environ.get(A6)!='data':return
  F=A.remaining()
  if not A.in_place_at:A.in_place_at=F;A.console_at=A.attached_at-AG if A.attached_at else F
  G={E:'the instance to say on its console that its volumes are mounted'}
  if F>A.console_at:A.pause=F-A.console_at;return G
  J=H=B
  try:J,H=A.read_console(A.instance);A.console_every=q if A.is_idle()else p
  except K as L:
   if L.response[U][V]in A.refusals:raise
   A.console_every=min(2*A.console_every,q);G[D]=C(L)
  A.pause,A.console_at=A.console_every,F-A.console_every
  if H=='mounted':return
  A.believe(J,H,F)
  if A.in_place_at-F>=r:
   if A.is_impaired():raise GiveUp('the console says nothing of the volumes, and a status check of the instance is impaired')
   if not A.is_silent:A.is_silent=I;M='For minutes, nothing could be read on the console that says what became of the volumes.';A.log(M,{**G,i:'console-silent'},D)
  return G
 def believe(A,line,outcome,now):
  C=outcome;B=line
  if C==A7:
   if A.remaining()<2*k and A.may_run_again():raise RunAgain
   raise Refused(B)
  if C==h and not A.attached_at and now==A.in_place_at:A.stale=B
  D=B==A.stale and(A.attached_at or A.in_place_at-now<r)
  if B and C!=A8 and not D and not(C==h and A.is_idle()):raise GiveUp(f"the console says: {B}")
 def refuse(A,line):
  B={i:A7,F:f"the console says: {line}"};A.log('The agent refuses a volume until a person has mended what it says.',B,D)
  if os.environ.get('ON_REFUSAL')=='abandon':return A.complete(e)
  A.complete(Y);A.pause,A.refusals,A.is_well,A.reserve=2,a(),N,2*o
  try:A.converge(A.stand_by)
  except GiveUp as E:G='The instance could not be taken out of service: it is in service without its data.';A.log(G,{**A.awaited,i:'in-service-without-data',F:C(E)},D);return Y
  H=f"--auto-scaling-group-name {A.detail[X]} --instance-ids {A.instance}";I='The instance is kept in Standby to be looked at, and nothing else is launched. Once it is mended,';A.log(f"{I} this brings it back into service: aws autoscaling exit-standby {H}");return'KEPT'
 def stand_by(A):
  C=A.call(R,'describe_auto_scaling_instances',InstanceIds=[A.instance]);B=b((A['LifecycleState']for A in C['AutoScalingInstances']),'Terminated')
  if B=='Standby'or B.startswith('Terminat'):return
  if B=='InService':A.call(R,'enter_standby',AutoScalingGroupName=A.detail[X],InstanceIds=[A.instance],ShouldDecrementDesiredCapacity=I)
  return{E:'the instance to be in Standby','host.lifecycle_state':B}
class Termination(Action):
 hook,transition='RELEASE_HOOK_NAME',n
 def serve(A):
  A.log('An instance is terminating.')
  try:A.end=A.remaining()-int(os.environ.get('HAND_OVER')or 0);B=wanted_volumes();A.converge(lambda:A.look(B))
  except Over as D:A.log(A0,{F:C(D)});return d
  except H as E:A.log('The volumes are not handed over.',{**A.awaited,F:repr(E)},M)
  return A.complete(Y)
 def look(A,volumes):
  I='console'
  if A.remaining()<=A.end:raise GiveUp('the time for the hand-over is up')
  B,K=A.state_of(A.instance)
  if B!=A1:raise GiveUp(f"the instance is {B or'gone'}")
  D=[(C[P],B[G])for C in A.describe_volumes(list(volumes))for B in C.get(A2,[])if B[O]==A.instance and B[G]!=A3]
  if not D:return
  if A.is_impaired():raise GiveUp('a status check of the instance is impaired')
  A.prove_active();C,F=A.read_console(A.instance)
  if F=='not-installed':raise GiveUp(f"the console says: {C}")
  if F!=A8 or' reason=- 'in C:return{E:'the agent to release the volumes',I:C}
  for(H,B)in D:
   if B==A4:A.log('Detaching a volume that is released.',{g:H,I:C});A.call(J,'detach_volume',VolumeId=H,InstanceId=A.instance)
  return{E:'the volumes to be detached',g:', '.join(A for(A,B)in D)}
